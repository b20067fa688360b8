"""The pipeline as Dagster's assets: sources, raw tables, dbt's models, the publication.

Data flow: product -> sources -> raw -> dbt's models in trusted_next -> publication. Each asset calls a task
of `include/tasks.py`, as the DAG does; which day a run brings is its partition.
"""
