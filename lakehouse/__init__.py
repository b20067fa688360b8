"""The same star on a lakehouse: Delta tables in a folder or in S3, without a server and without a JVM.

Data flow: raw, or the three files -> bronze (what came, append only) -> silver (current rows) -> gold (dbt's
star) -> a publication: the versions of all tables that readers see together.
"""
