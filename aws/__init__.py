"""The lakehouse on AWS: Step Functions run its steps as Glue jobs, on files of a day in S3.

Data flow: landing bucket -> bronze, silver, gate, gold, publication in the lake's bucket (`lakehouse/`).
`template.yaml` has all that stands in the account; `job.py` is what Glue starts, `steps.py` what that runs.
"""
