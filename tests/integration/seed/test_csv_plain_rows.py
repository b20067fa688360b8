"""Files of plain rows go a short way: what comes of it is what the long way makes of the same files."""

from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from include.errors import InputError
from include.seed import postgres
from tests.integration.helpers.loads import counts
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.helpers.samples import ANA, BEN
from tests.product import USERS

# Some that COPY reads and the rules refuse, some that both refuse, and many that are right.
ODD = {
    "user_id": ["U1", "U 5", "é", " U6", "U7\t", "", " ", "\u200b", "x" * 1000, "x" * 1001],
    "age": ["21", "+30", "-1", "0", "007", "21.0", " 21", "", " ", "0x15", "1_0", "abc", "9" * 19],
    "country": ["Peru", "", " ", "a\\.b", "\\N", "\\.", "née", "名" * 400],
    "subscription_type": ["Basic", "", " ", "a\\.b", "名" * 400],
    "registration_date": ["2023-02-29", "20221002", "today", "infinity", "2022-1-2", "", " ", "0000-01-01"],
    "total_watch_time_hours": [
        "1",
        "-0",
        "0.10",
        ".5",
        "1.",
        "1e2",
        "",
        "NaN",
        "Infinity",
        "0x1",
        "1_0",
        "-3",
    ],
}
NAMES = [column.name for column in USERS.file_columns]
GOOD = st.integers(1, 6).map(lambda n: f"U{n},{17 + n},Peru,Basic,2022-10-02,{n}.50")
ROWS = st.one_of(GOOD, GOOD, GOOD, st.tuples(*(st.sampled_from(ODD[name]) for name in NAMES)).map(",".join))
FILES = st.lists(ROWS, max_size=5)
ENDS = st.sampled_from(["\n", "\r\n"])


@pytest.fixture(scope="module")
def product(warehouse, tmp_path_factory):
    return Pipeline(warehouse, tmp_path_factory.mktemp("files"))


def outcome(product: Pipeline, files: list[list[str]], end: str) -> list[object]:
    """Return what came of seeding the files one after the other."""
    product.empty()
    found: list[object] = []
    for number, rows in enumerate(files):
        product.write(USERS.file, end.join([",".join(NAMES), *rows, ""]))
        try:
            found.append(counts(product.seed(batch=product.batch(f"run {number}"))))
        except InputError as error:
            found.append(str(error))
    names = ", ".join(column.name for column in USERS.file_columns)
    found.append(product.source(f"select {names} from users order by user_id"))
    found.append(
        [(row["position"], row["rule"], row["value"], row["reason"]) for row in product.quarantine()]
    )
    return found


@seed(15)
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(files=st.tuples(FILES, FILES), end=ENDS)
def test_short_way_ends_as_the_long_one(product, files, end):
    short = outcome(product, files, end)
    with patch.object(postgres, "merge_plain", lambda *_: False):
        assert short == outcome(product, files, end)


def test_plain_files_go_the_short_way(pipeline, monkeypatch):
    monkeypatch.setattr(postgres, "_copy", None)
    assert counts(pipeline.seed_users(ANA, BEN)) == {"read": 2, "inserted": 2}
    changed = BEN.replace("120.5", "121")
    again = pipeline.seed_users(ANA, changed, batch=pipeline.batch("run 2"))
    assert counts(again) == {"read": 2, "updated": 1, "unchanged": 1}
