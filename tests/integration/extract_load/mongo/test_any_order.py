"""Any order of changes, broken documents, failed and repeated loads of the catalogue: raw is the source."""

import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from include.specs import PostgresTable
from include.tables import raw_tables
from tests.integration.extract_load.mongo.catalogue import STRICT_CONTENT
from tests.integration.helpers.loads import live

TABLES = [name for name, table in raw_tables().items() if not isinstance(table, PostgresTable)]
KEYS = st.sampled_from(["T1", "T2", "T3"])
GENRES = st.lists(st.sampled_from(["Drama", "Crime"]), max_size=3)
SEASONS = st.lists(st.integers(1, 3), max_size=3)
MOVIES = st.fixed_dictionaries({"content_type": st.just("movie"), "genre": GENRES})
SERIES = st.fixed_dictionaries(
    {"content_type": st.just("series"), "genre": GENRES, "episodes_per_season": SEASONS}
)
BROKEN = st.sampled_from(
    [{"rating": "good"}, {"genre": ["Drama", 7]}, {"title": None}, {"content_type": "short film"}]
)


class Catalogue(RuleBasedStateMachine):
    """The product changes its titles, loads come, repeat and fail; `expected` is what each title last was.

    A document that is broken keeps what was loaded of it, for as long as it is there.
    """

    pipeline = None
    killed = None

    def __init__(self) -> None:
        super().__init__()
        self.content = self.pipeline.product.content
        self.content.delete_many({})
        for table in TABLES:
            self.pipeline.warehouse(f"delete from raw.{table}")
        self.pipeline.warehouse("delete from ops.watermarks")
        self.run = 0
        self.expected: dict[str, dict] = {}

    @initialize(title=MOVIES)
    def first_day(self, title):
        self.write("T1", title)
        self.load(repeats=False)

    @rule(key=KEYS, title=MOVIES | SERIES)
    def write(self, key, title):
        now = self.pipeline.product.command("hello")["localTime"]
        document = {"content_id": key, "title": key, **title, "created_at": now, "updated_at": now}
        self.content.replace_one({"content_id": key}, document, upsert=True)

    @rule(key=KEYS, title=MOVIES | SERIES, wrong=BROKEN)
    def break_document(self, key, title, wrong):
        now = self.pipeline.product.command("hello")["localTime"]
        document = {"content_id": key, "title": key, **title, **wrong, "updated_at": now}
        self.content.replace_one({"content_id": key}, document, upsert=True, bypass_document_validation=True)

    @rule(key=KEYS)
    def delete(self, key):
        self.content.delete_one({"content_id": key})

    @rule()
    def load_that_fails(self):
        before = self.state()
        with (
            self.killed("extract_load.loading"),
            pytest.raises(psycopg2.OperationalError, match="killed"),
        ):
            self.pipeline.extract_content(self.pipeline.batch(f"failed {self.run}"), STRICT_CONTENT)
        assert self.state() == before

    @rule(repeats=st.booleans())
    def load(self, repeats):
        before = self.state()
        self.run += not repeats
        loads = self.pipeline.extract_content(self.pipeline.batch(f"run {self.run}"), STRICT_CONTENT)
        after = self.state()
        assert living(after) == self.what_should_live()
        for table in after:
            load = loads[table]
            changed = [key for key, row in after[table].items() if row != before[table].get(key)]
            assert load.inserted + load.updated + load.deleted == len(changed), table

    def state(self) -> dict[str, dict]:
        return {table: self.pipeline.raw(table) for table in TABLES}

    def what_should_live(self) -> dict[str, set]:
        documents = self.pipeline.documents()
        sound = {key: document for key, document in documents.items() if is_sound(document)}
        kept = {key: document for key, document in self.expected.items() if key in documents}
        self.expected = kept | sound
        return rows_of(self.expected)


def is_sound(document: dict) -> bool:
    is_known = document["content_type"] in {"movie", "series"}
    return (
        is_known and "rating" not in document and 7 not in document["genre"] and document["title"] is not None
    )


def rows_of(documents: dict[str, dict]) -> dict[str, set]:
    """Return what raw must hold of the documents, by table."""
    of_kind = {
        kind: {key for key, document in documents.items() if document["content_type"] == kind}
        for kind in ("movie", "series")
    }
    elements = {
        field: {
            (key, position, value)
            for key, document in documents.items()
            for position, value in enumerate(document.get(field) or [], 1)
        }
        for field in ("genre", "episodes_per_season")
    }
    return {
        "mongo_movies": of_kind["movie"],
        "mongo_series": of_kind["series"],
        "mongo_content_genres": elements["genre"],
        "mongo_series_seasons": elements["episodes_per_season"],
    }


def living(state: dict[str, dict]) -> dict[str, set]:
    """Return the same of raw's live rows."""
    rows = {table: live(kept) for table, kept in state.items()}
    return {
        "mongo_movies": set(rows["mongo_movies"]),
        "mongo_series": set(rows["mongo_series"]),
        "mongo_content_genres": {(*key, row["genre"]) for key, row in rows["mongo_content_genres"].items()},
        "mongo_series_seasons": {
            (*key, row["episodes"]) for key, row in rows["mongo_series_seasons"].items()
        },
    }


def test_any_order_of_changes_loads_and_failures_ends_equal(pipeline, killed):
    machine = type("OwnCatalogue", (Catalogue,), {"pipeline": pipeline, "killed": staticmethod(killed)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            # Shrinking an example to the smallest takes minutes here.
            phases=[Phase.generate],
        ),
    )
    # Guard against examples that change nothing.
    names = ("inserted", "updated", "deleted", "quarantined")
    (done,) = pipeline.warehouse(
        f"select {', '.join(f'sum(rows_{n})::int as {n}' for n in names)} from ops.load_runs"
    )
    assert min(done.values()) > 5, done
