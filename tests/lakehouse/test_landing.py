"""What changed in raw comes into bronze once, whatever happens to the one who brings it."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal

import pytest

from include.environment import ROOT
from include.errors import InputError
from lakehouse import bronze, raw
from lakehouse.lake import Lake
from tests.conftest import Platform, new_platform
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.helpers.samples import ANA, BEN
from tests.lakehouse.conftest import Follower, extract
from tests.lakehouse.writers import let_two_meet
from tests.product import USERS

SESSIONS = "bronze.postgres_viewing_sessions"
# Lands, and stops for good when the first rows have been handed to Delta's writer.
HANGS = """
import sys, time
from datetime import UTC, datetime
from include import libpq
from lakehouse import bronze, raw
from lakehouse.lake import Lake
from lakehouse.settings import LakeSettings

read = raw.changed_rows
def hang(*arguments):
    yield from read(*arguments)
    print("in the middle", flush=True)
    time.sleep(60)

raw.changed_rows = hang
root, *login = sys.argv[1:]
names = ("host", "port", "dbname", "user", "password")
connection = libpq.connect(**dict(zip(names, login)))
bronze.land(connection, Lake(LakeSettings(root, 30, {})), datetime.now(UTC))
"""


def test_every_row_of_raw_is_landed_with_where_and_when_it_came(follower: Follower):
    landed = follower.land()
    assert landed["postgres_viewing_sessions"] == bronze.Landing("postgres_viewing_sessions", 30, 0)
    rows = follower.rows(SESSIONS)
    added = {
        name: {row.pop(name) for row in rows} for name in ("_source_table", "_ingested_at", "_ingested_date")
    }
    assert rows == follower.raw("postgres_viewing_sessions")
    assert added["_source_table"] == {"raw.postgres_viewing_sessions"}
    assert {at.date() for at in added["_ingested_at"]} == added["_ingested_date"]
    assert follower.lake.open(SESSIONS).metadata().partition_columns == ["_ingested_date"]


def test_a_landing_that_is_repeated_adds_nothing(follower: Follower):
    follower.land()
    version = follower.lake.open(SESSIONS).version()
    assert {one.landed for one in follower.land().values()} == {0}
    assert follower.lake.open(SESSIONS).version() == version


def test_only_what_a_load_wrote_is_landed_again(follower: Follower, pipeline: Pipeline):
    follower.land()
    pipeline.seed_users(ANA.replace("Basic", "Premium"), BEN)
    extract(pipeline)
    assert follower.land()["postgres_users"].landed == 2
    plans = [(row["user_id"], row["subscription_type"]) for row in follower.rows("bronze.postgres_users")]
    assert plans == [
        ("U0001", "Basic"),
        ("U0001", "Premium"),
        ("U0002", "Premium"),
        *[("U0003", "Standard")] * 2,
    ]
    gone = [row["_deleted_at"] is not None for row in follower.rows("bronze.postgres_users")]
    assert gone == [False, False, False, False, True]


def test_a_writer_that_is_killed_leaves_nothing(follower: Follower):
    login = follower.platform.env
    password = login["DBT_TRANSFORMER_PASSWORD"]
    place = [
        login["WAREHOUSE_HOST"],
        login["WAREHOUSE_PORT"],
        login["WAREHOUSE_DB"],
        "dbt_transformer",
        password,
    ]
    command = [sys.executable, "-c", HANGS, follower.lake.settings.root, *place]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "in the middle\n"
        os.kill(writer.pid, signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL
    assert follower.rows("bronze.postgres_users") == []
    assert follower.land()["postgres_users"].landed == 3
    assert [row["user_id"] for row in follower.rows("bronze.postgres_users")] == ["U0001", "U0002", "U0003"]


def test_of_two_writers_at_once_each_row_comes_from_one(follower: Follower, monkeypatch: pytest.MonkeyPatch):
    let_two_meet(monkeypatch, bronze)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: follower.land(), range(2))
    assert sorted((first["postgres_users"].landed, second["postgres_users"].landed)) == [0, 3]
    for table in first:
        assert first[table].landed + second[table].landed == len(follower.raw(table))
        assert len(follower.rows(f"bronze.{table}")) == len(follower.raw(table))


def test_a_value_that_the_lake_cannot_hold_is_kept_out_with_its_reason(follower: Follower):
    update = (
        "update raw.postgres_users set total_watch_time_hours = %s, _loaded_at = now() where user_id = %s"
    )
    follower.platform.query("elt_loader", update, "NaN", "U0001")
    follower.platform.query("elt_loader", update, "0.1234567890123456789", "U0002")
    follower.platform.query("elt_loader", update, "99999998.123456789012345678", "U0003")
    assert follower.land()["postgres_users"] == bronze.Landing("postgres_users", 1, 2)
    found = follower.lake.open("bronze.quarantine").to_pyarrow_table().to_pylist()
    assert sorted((row["position"], row["column_name"], row["value"], row["rule"]) for row in found) == [
        ("U0001", "total_watch_time_hours", "NaN", "not_held"),
        ("U0002", "total_watch_time_hours", "0.1234567890123456789", "not_held"),
    ]
    assert '"country":"Argentina"' in min(found, key=lambda row: row["position"])["row_text"]


def test_a_row_that_is_kept_out_again_is_in_quarantine_once(follower: Follower):
    update = "update raw.postgres_users set age = -1, _loaded_at = clock_timestamp() where user_id = 'U0001'"
    follower.platform.query("elt_loader", update)
    follower.land()
    follower.lake.open("bronze.postgres_users").restore(0)
    quarantined = follower.lake.open("bronze.quarantine")
    bronze.quarantine.keep(follower.lake, "raw.postgres_users", _bad_users(follower), raw.EPOCH)
    quarantined.update_incremental()
    assert quarantined.to_pyarrow_table().num_rows == 1


def _bad_users(follower: Follower) -> list:
    connection = follower.platform.connect("dbt_transformer")
    with connection, connection.cursor() as cursor:
        shape = bronze.shape_of(cursor, USERS)
        upto = raw.newest_load(cursor, shape, raw.EPOCH)
        return raw.bad_rows(cursor, shape, raw.Window(raw.EPOCH, upto))


def test_texts_come_as_they_are(follower: Follower):
    texts = ["", " ", 'a"b,c\\d\te\nf\r\ng', "\\N", "NULL", "Côte d'Ivoire 🎬"]
    insert = (
        "insert into raw.postgres_users (user_id, country, registration_date, _batch_id, _as_of, _loaded_at)"
        " values (%s, %s, '2020-01-01', 'test', '2020-01-01', clock_timestamp())"
    )
    for number, text in enumerate(texts):
        follower.platform.query("elt_loader", insert, f"T{number}", text)
    follower.load()
    came = [row["country"] for row in follower.rows("silver.postgres_users") if row["user_id"] < "U"]
    assert came == texts
    assert follower.is_equal_to_raw()


def test_columns_of_any_type_come_with_their_values(follower: Follower):
    values = {
        "a boolean": ("boolean", "true", True),
        "a_smallint": ("smallint", "-32768", -32768),
        "a_bigint": ("bigint", "9223372036854775807", 2**63 - 1),
        "a_double": ("double precision", "'Infinity'", float("inf")),
        "a_real": ("real", "0.5", 0.5),
        "a_timestamp": (
            "timestamp",
            "'2024-02-29 23:59:59.999999'",
            datetime(2024, 2, 29, 23, 59, 59, 999999),
        ),
        "a_day": ("date", "'0001-01-01'", date(1, 1, 1)),
        "a_number": ("numeric", "-12345678901234567890.123", Decimal("-12345678901234567890.123")),
        "a_uuid": ("uuid", "'00000000-0000-0000-0000-00000000000a'", "00000000-0000-0000-0000-00000000000a"),
        "some_texts": ("text[]", "array['a,b', null, '\"']", '{"a,b",NULL,"\\""}'),
        "some_bytes": ("bytea", "'\\x00ff'", "\\x00ff"),
        "some_json": ("jsonb", """'{"a": "x\\ny", "b": [1.50]}'""", '{"a": "x\\ny", "b": [1.50]}'),
        "a_time": ("time", "'23:59:59.5'", "23:59:59.5"),
    }
    for name, (type_, value, _) in values.items():
        follower.platform.query("elt_loader", f'alter table raw.postgres_users add column "{name}" {type_}')
        change = f'update raw.postgres_users set "{name}" = {value}, _loaded_at = clock_timestamp()'
        follower.platform.query("elt_loader", f"{change} where user_id = 'U0002'")
    follower.load()
    first, changed, _ = follower.rows("silver.postgres_users")
    assert {name: changed[name] for name in values} == {name: value for name, (*_, value) in values.items()}
    assert {first[name] for name in values} == {None}


def test_a_lake_follows_one_warehouse(follower: Follower, servers: dict[str, str], lake: Lake):
    follower.land()
    other: Platform = new_platform(servers)
    try:
        with pytest.raises(InputError, match=r"bronze\.postgres_users follows raw \d+/\d+, and this is raw"):
            Follower(lake, other).land()
    finally:
        other.close()
