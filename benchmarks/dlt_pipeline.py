"""Copy public.viewing_sessions into raw.dlt_sessions with dlt, as Arrow tables and CSV files.

Run by others.py in an environment of its own; SOURCE_URL and TARGET_URL in the environment.
"""

import os

import dlt
from dlt.sources.sql_database import sql_table

table = sql_table(
    os.environ["SOURCE_URL"], "viewing_sessions", "public", backend="pyarrow", chunk_size=100_000
)
pipeline = dlt.pipeline(
    "bench",
    pipelines_dir=os.environ["DLT_DATA_DIR"],
    destination=dlt.destinations.postgres(os.environ["TARGET_URL"]),
    dataset_name="raw",
)
pipeline.run(
    table,
    table_name="dlt_sessions",
    write_disposition="replace",
    primary_key="session_id",
    loader_file_format="csv",
)
