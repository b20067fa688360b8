"""Any order of changes, late commits, failed and repeated loads: after each load raw is the source."""

import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.integration.extract_load.postgres.users import INSERT, STRICT_USERS, VALUES, values
from tests.integration.helpers.loads import live

KEYS = st.sampled_from(["U1", "U2", "U3", "U4"])
AGES = st.integers(0, 3)
ROWS = st.dictionaries(KEYS, AGES, min_size=1)
UPSERT = INSERT + " on conflict (user_id) do update set age = excluded.age"


class Days(RuleBasedStateMachine):
    """The product changes, loads come, repeat and fail; after each one raw must be the source."""

    pipeline = None
    killed = None

    def __init__(self) -> None:
        super().__init__()
        self.pipeline.source("delete from users")
        self.pipeline.warehouse("delete from raw.postgres_users; delete from ops.watermarks")
        self.run = 0
        self.late = None

    def teardown(self):
        self.pipeline.app.rollback()

    @initialize(rows=ROWS)
    def first_day(self, rows):
        self.write(rows)
        self.load(repeats=False)

    @rule(rows=ROWS)
    def write(self, rows):
        for key, age in rows.items():
            self.pipeline.source(UPSERT, key, age)

    @rule(keys=st.sets(KEYS, min_size=1))
    def delete(self, keys):
        self.pipeline.source("delete from users where user_id = any(%s)", list(keys))

    @rule(rows=ROWS, keys=st.sets(KEYS, min_size=1))
    def day(self, rows, keys):
        self.write(rows)
        self.delete(keys)
        self.load(repeats=False)

    @rule()
    def touch(self):
        # The trigger sees a change and moves the stamp, though no value is another.
        self.pipeline.source("update users set updated_at = clock_timestamp() where user_id <> 'late'")

    @precondition(lambda self: not self.late)
    @rule(age=AGES)
    def begin_late(self, age):
        with self.pipeline.app.cursor() as cursor:
            cursor.execute(UPSERT, ("late", age))
        self.late = True

    @precondition(lambda self: self.late)
    @rule(commits=st.booleans())
    def end_late(self, commits):
        self.pipeline.app.commit() if commits else self.pipeline.app.rollback()
        self.late = False

    @rule()
    def load_that_fails(self):
        before = self.pipeline.raw(), self.pipeline.warehouse("select * from ops.watermarks")
        with self.killed("extract_load.loading"), pytest.raises(psycopg2.OperationalError, match="killed"):
            self.pipeline.extract(STRICT_USERS, self.pipeline.batch(f"failed {self.run}"))
        assert (self.pipeline.raw(), self.pipeline.warehouse("select * from ops.watermarks")) == before

    @rule(repeats=st.booleans())
    def load(self, repeats):
        before = self.pipeline.raw()
        self.run += not repeats
        batch = self.pipeline.batch(f"run {self.run}")
        load = self.pipeline.extract(STRICT_USERS, batch)
        after = self.pipeline.raw()
        source = self.pipeline.source_users()
        assert values(live(after)) == values(source)
        changed = {key for key, row in after.items() if row != before.get(key)}
        for key in changed:
            said = [before[key][name] for name in VALUES] if key in before else None
            assert (said, key in live(before)) != ([after[key][name] for name in VALUES], key in live(after))
            assert (after[key]["_batch_id"], after[key]["_loaded_at"]) == (batch.batch_id, load.started_at)
        assert load.inserted + load.updated + load.deleted == len(changed)


def test_any_order_of_changes_loads_and_failures_ends_equal(pipeline, killed):
    machine = type("OwnDays", (Days,), {"pipeline": pipeline, "killed": staticmethod(killed)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=50,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # Guard against examples that change nothing. How many rows are read again depends on the clock.
    names = ("inserted", "updated", "unchanged", "deleted")
    (done,) = pipeline.warehouse(
        f"select {', '.join(f'sum(rows_{n})::int as {n}' for n in names)} from ops.load_runs"
    )
    assert min(done.values()) > 5, done
