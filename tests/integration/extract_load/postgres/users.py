"""Users on their way from the source into raw: how they are written, read strictly and compared."""

import dataclasses
from datetime import timedelta

from tests.integration.helpers.loads import Rows, live
from tests.integration.helpers.pipeline import Pipeline
from tests.product import USERS

VALUES = [column.name for column in USERS.raw_columns]
STAMPS = ("_batch_id", "_as_of", "_loaded_at", "_deleted_at")
# No second chance by reading a little again: what is found is found by the watermark itself.
STRICT_USERS = dataclasses.replace(USERS, overlap=timedelta(0))
INSERT = "insert into users (user_id, age, registration_date) values (%s, %s, '2022-10-02')"
# So many users, by the number that it is given.
MANY = (
    "insert into users (user_id, age, registration_date, updated_at) select 'U' || n, n %% 100, '2022-10-02',"
)
MANY += " now() - interval '1 day' from generate_series(1, %s) as n"


def stamps(row: dict[str, object]) -> dict[str, object]:
    return {name: row[name] for name in STAMPS}


def values(rows: Rows) -> dict[object, list]:
    return {key: [row[name] for name in VALUES] for key, row in rows.items()}


def assert_raw_is_the_source(pipeline: Pipeline) -> Rows:
    """Compare the living rows with the source's, and return them."""
    raw, source = live(pipeline.raw()), pipeline.source_users()
    assert values(raw) == values(source)
    return raw
