"""The star of random days: built, looked at, and compared with what a full refresh makes of it."""

from pathlib import Path

from include.run import Batch
from tests.conftest import Platform
from tests.pipeline import STAMPS, build_next
from tests.random_days import RandomDays

TESTED = ("--exclude-resource-type", "unit_test")
MODELS_ONLY = (*TESTED, "test")
STAR, KEPT = "trusted_next", "star_kept"
SHOWN = 5


class Star:
    """The star that is built of random days, and a copy of what it was to be compared with."""

    def __init__(self, platform: Platform, target: Path, seed: int) -> None:
        self.platform, self.target = platform, target
        self.days = RandomDays(platform, seed)

    def query(self, sql: str, *parameters: object) -> list[tuple]:
        return self.platform.query("dbt_transformer", sql, *parameters)

    def batch(self) -> Batch:
        return Batch(f"load {self.days.loads}", self.days.day)

    def build(self, *options: str) -> None:
        done = build_next(self.platform, self.target, *(options or MODELS_ONLY), batch=self.batch())
        assert done.returncode == 0, done.stdout[-5000:]

    def edit_sessions(self, session_ids: list[str], **values: object) -> None:
        """Load new values of these sessions."""
        sessions = self.days.sessions
        for session_id in session_ids:
            sessions.put(sessions.live[session_id] | values)
        self.days.load()

    def is_waited_for(self, table: str) -> bool:
        """Whether somebody waits for a lock on the table."""
        waiting = "select exists (select from pg_locks where relation = %s::regclass and not granted)"
        return self.query(waiting, table)[0][0]

    def fact_file(self) -> int:
        """Return which file on disk holds the fact: a full refresh writes another one."""
        return self.files("fct_viewing_sessions")["fct_viewing_sessions"]

    def files(self, *tables: str) -> dict[str, int]:
        """Return which file on disk holds each of the star's tables."""
        return dict(
            self.query(
                "select relname, relfilenode from pg_class where relnamespace = to_regnamespace(%s)"
                " and relname = any (%s)",
                STAR,
                list(tables),
            )
        )

    def columns(self, schema: str) -> dict[str, str]:
        """Return every table of the star with its columns, load stamps aside."""
        return dict(
            self.query(
                "select table_name, string_agg(quote_ident(column_name), ', ' order by ordinal_position)"
                " from information_schema.columns where table_schema = %s and not column_name = any (%s)"
                " group by table_name",
                schema,
                list(STAMPS),
            )
        )

    def keep(self) -> None:
        self.query(f"drop schema if exists {KEPT} cascade; create schema {KEPT}")
        for table in self.columns(STAR):
            self.query(f"create table {KEPT}.{table} as select * from {STAR}.{table}")

    def differences(self) -> list[str]:
        """Return a line per table that is not what was kept, with some rows that only one of them has."""
        kept, rebuilt = self.columns(KEPT), self.columns(STAR)
        assert kept == rebuilt
        assert len(rebuilt) > 11
        found = []
        for table, columns in rebuilt.items():
            here, there = (f"select {columns} from {schema}.{table}" for schema in (KEPT, STAR))
            only_here = self.query(f"{here} except all {there} order by 1, 2 limit {SHOWN}")
            only_there = self.query(f"{there} except all {here} order by 1, 2 limit {SHOWN}")
            if only_here or only_there:
                rows = [f"daily {row}" for row in only_here] + [f"rebuilt {row}" for row in only_there]
                found.append("\n  ".join([f"{table} ({columns})", *rows]))
        return found

    def assert_equals_a_full_refresh(self) -> None:
        self.keep()
        self.build("--full-refresh", *MODELS_ONLY)
        differences = self.differences()
        assert not differences, "\n".join(
            [f"the daily star of {self.days} is not the rebuilt one:", *differences]
        )
