"""The log of publications: what each one held, and that nobody changes it."""

from datetime import date

import psycopg2
import pytest
from psycopg2.sql import SQL, Identifier

from include.publish import publish, rollback
from tests.integration.publish.hand_made import (
    ROWS,
    TABLES,
    batch,
)


def test_the_log_tells_what_was_published(star):
    star.publish(1)
    star.publish(2)
    rollback(star.transformer)
    rows = star.platform.query(
        "elt_loader",
        "select action, version, batch_id, invocation_id, as_of, row_counts, checksums from ops.publications"
        " order by publication_id",
    )
    assert [row[:5] for row in rows] == [
        ("publish", 1, "run 1", "dbt 1", date(2024, 9, 1)),
        ("publish", 2, "run 2", "dbt 2", date(2024, 9, 1)),
        ("rollback", 1, "run 1", "dbt 1", date(2024, 9, 1)),
    ]
    assert [row[5] for row in rows] == [dict.fromkeys(TABLES, ROWS)] * 3
    assert rows[0][6] == rows[2][6] != rows[1][6]


def test_a_checksum_is_of_the_rows_and_not_of_their_order(star):
    star.build(1)
    backwards = SQL(";").join(
        SQL(
            "create table trusted_next.{1} as select * from trusted_next.{0} order by id desc;"
            "update trusted_next.{1} set star = star where id = 3"
        ).format(Identifier(table), Identifier(f"{table}_backwards"))
        for table in TABLES[:2]
    )
    with star.transformer as connection, connection.cursor() as cursor:
        cursor.execute(backwards)
        cursor.execute("update trusted_next.dim_users set star = 7 where id = 3")
    publish(star.transformer, batch(1))
    ((sums,),) = star.platform.query("elt_loader", "select checksums from ops.publications")
    assert sums["bridge"] == sums["bridge_backwards"] == sums["fct_sessions"]
    assert sums["dim_users"] != sums["fct_sessions"]


@pytest.mark.parametrize(
    "statement", ["update ops.publications set version = 9", "truncate ops.publications"]
)
def test_the_log_is_only_added_to(star, statement):
    star.publish(1)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        star.do(statement)
