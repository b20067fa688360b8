"""Columns that come between loads, in any order: after each load raw is the source."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.integration.extract_load.drift.shapes import (
    STAMPS,
    STRICT_USERS,
)


class ColumnsComeBetweenLoads(RuleBasedStateMachine):
    """The product adds columns and writes rows; after each load raw is the source."""

    pipeline = None

    def __init__(self):
        super().__init__()
        for name in [name for name in self.column_names() if name.startswith("c_")]:
            self.pipeline.source(f"alter table users drop column {name}")
            self.pipeline.warehouse(f"alter table raw.postgres_users drop column if exists {name}")
        self.pipeline.source("delete from users")
        self.pipeline.warehouse(
            "delete from raw.postgres_users; delete from ops.watermarks; delete from ops.schema_changes"
        )
        self.columns = 0
        self.loads = 0

    def column_names(self):
        rows = self.pipeline.source(
            "select attname from pg_attribute where attrelid = 'users'::regclass and attnum > 0"
            " and not attisdropped"
        )
        return [row["attname"] for row in rows]

    @rule(user=st.integers(1, 4), age=st.integers(0, 130))
    def write(self, user, age):
        self.pipeline.source(
            "insert into users (user_id, age, registration_date) values (%s, %s, '2022-10-02')"
            " on conflict (user_id) do update set age = excluded.age",
            f"U{user}",
            age,
        )

    @rule(user=st.integers(1, 4))
    def delete(self, user):
        self.pipeline.source("delete from users where user_id = %s", f"U{user}")

    @rule(type_=st.sampled_from(["text", "integer", "integer[]", "jsonb"]), has_default=st.booleans())
    def add_column(self, type_, has_default):
        value = {"text": "'a'", "integer": "1", "integer[]": "'{1}'", "jsonb": "'{\"a\": 1}'"}[type_]
        self.columns += 1
        default = f"default {value}" if has_default else ""
        self.pipeline.source(f"alter table users add column c_{self.columns} {type_} {default}")

    @rule(number=st.integers(1, 5), user=st.integers(1, 4))
    def clear_column(self, number, user):
        if number <= self.columns:
            self.pipeline.source(f"update users set c_{number} = null where user_id = %s", f"U{user}")

    @rule()
    def load(self):
        self.loads += 1
        self.pipeline.extract(STRICT_USERS, self.pipeline.batch(f"run {self.loads}"))
        names = [name for name in self.column_names() if name not in STAMPS]
        query = "select {} from {} order by 1"
        shown = ", ".join(f"{name}::text" for name in names)
        live = "raw.postgres_users where _deleted_at is null"
        source = self.pipeline.source(query.format(shown, "users"))
        assert self.pipeline.warehouse(query.format(shown, live)) == source

    def teardown(self):
        self.load()


def test_any_order_of_columns_rows_and_loads_ends_equal(own_pipeline):
    ColumnsComeBetweenLoads.pipeline = own_pipeline
    run_state_machine_as_test(
        ColumnsComeBetweenLoads,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
