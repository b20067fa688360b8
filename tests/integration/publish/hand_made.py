"""Stars that are made by hand: every table says of which star it is. Real builds: test_real_builds.py."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from psycopg2.sql import SQL, Identifier, Literal

from include.publish import publish
from include.publish import swap as module
from include.run import Batch
from tests.conftest import Platform

TABLES = ("bridge", "dim_titles", "dim_users", "fct_sessions")
ROWS = 50
JOIN = (
    "select array_agg(distinct bridge.star) || array_agg(distinct dim_titles.star)"
    " || array_agg(distinct dim_users.star) || array_agg(distinct fct_sessions.star), count(*)"
    " from trusted.fct_sessions inner join trusted.dim_users using (id)"
    " inner join trusted.dim_titles using (id) inner join trusted.bridge using (id)"
)


def batch(number: int) -> Batch:
    return Batch(f"run {number}", date(2024, 9, 1))


class Warehouse:
    """A warehouse whose stars are made by hand, and everybody who works in it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.transformer = platform.connect("dbt_transformer")

    def build(self, number: int, state: str = "tested") -> Batch:
        """Make the star `number` in trusted_next, as the run of that number does."""
        marker = {"state": state, "batch_id": f"run {number}", "invocation_id": f"dbt {number}"}
        statements = [
            SQL(
                "drop table if exists trusted_next.{0} cascade;"
                "create table trusted_next.{0} as select id, {1} as star from generate_series(1, {2}) as id;"
                "create unique index on trusted_next.{0} (id);"
                "comment on table trusted_next.{0} is {3}"
            ).format(Identifier(table), Literal(number), Literal(ROWS), Literal(f"star {number}"))
            for table in TABLES
        ]
        statements.append(SQL("comment on schema trusted_next is {}").format(Literal(json.dumps(marker))))
        with self.transformer as connection, connection.cursor() as cursor:
            cursor.execute(SQL(";").join(statements))
        return batch(number)

    def do(self, statement: str) -> None:
        """Run a statement as dbt does."""
        self.platform.query("dbt_transformer", statement)

    def publish(self, number: int) -> int:
        """Build a star, publish it, and return its version."""
        return publish(self.transformer, self.build(number)).version

    def seen(self) -> set[int]:
        """Return the stars that bi_reader sees in the four tables."""
        ((stars, rows),) = self.platform.query("bi_reader", JOIN)
        assert rows == ROWS
        return set(stars)

    def everything(self) -> list[tuple]:
        """Return all relations of the three schemas with the files on disk that hold them, and the log."""
        files = self.platform.query(
            "admin",
            "select nspname, relname, relfilenode from pg_class"
            " inner join pg_namespace on pg_namespace.oid = relnamespace"
            " where nspname like 'trusted%%' order by 1, 2",
        )
        return files + self.platform.query("admin", "select * from ops.publications order by 1")


@contextmanager
def dies_in_the_swap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """While it lasts, a swap loses its connection when all names are changed and nothing is committed."""

    def die(cursor: object, *_: object) -> None:
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(module, "record_publication", die)
        yield
