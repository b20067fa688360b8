"""Any texts in a file: each record is loaded exactly as it was, or in quarantine with line and reason."""

import csv
import io
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from include.errors import InputError
from include.rules.texts import BLANKS
from tests.integration.helpers.pipeline import Pipeline
from tests.product import USERS

NAMES = [column.name for column in USERS.file_columns]
BOUND = {column.name: column.max_bytes for column in USERS.file_columns if column.type == "text"}
SIGNS = st.one_of(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    st.sampled_from([*BLANKS, '"', ",", "\n", "\r", "\\", "'", "N", "%"]),
)
SHORT = st.text(SIGNS, max_size=8)
# Around the bound, by signs of one to four bytes.
LONG = st.builds(
    lambda sign, times, rest: sign * times + rest,
    st.sampled_from(["x", "ä", "名", "😀", " "]),
    st.sampled_from([249, 250, 251, 333, 334, 499, 500, 501, 998, 999, 1000, 1001, 3000]),
    st.sampled_from(["", "y", "é"]),
)
TEXT = st.one_of(SHORT, SHORT, LONG)


@dataclass(frozen=True)
class File:
    """What a writer wrote: extra columns, rows (id, country, plan, extras), its quotes and line ends."""

    extras: list[str]
    rows: list[tuple]
    quoting: int
    end: str

    def write(self) -> tuple[str, list[tuple[int, dict[str, str]]]]:
        """Return the text and, for each row, its line and what it says."""
        text, records = io.StringIO(newline=""), []
        writer = csv.writer(text, quoting=self.quoting, lineterminator=self.end)
        header = [*NAMES, *self.extras]
        writer.writerow(header)
        for key, country, plan, others in self.rows:
            values = [key, "21", country, plan, "2022-10-02", "1", *others]
            records.append((text.getvalue().count("\n") + 1, dict(zip(NAMES, values, strict=False))))
            writer.writerow(values)
        return text.getvalue(), records


@st.composite
def files(draw: st.DrawFn) -> File:
    names = draw(st.lists(SHORT.map(lambda text: f"+{text}.".strip()), max_size=3, unique=True))
    rows = draw(
        st.lists(
            st.tuples(TEXT, TEXT, TEXT, st.lists(TEXT, min_size=len(names), max_size=len(names))),
            min_size=1,
            max_size=6,
        )
    )
    return File(
        names,
        rows,
        draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])),
        draw(st.sampled_from(["\n", "\r\n"])),
    )


def wrong_with(record: dict[str, str], keys: set[str]) -> str | None:
    """Return the rule that the record breaks."""
    if not record["user_id"].strip(BLANKS):
        return "empty"
    for name in NAMES:
        if name in BOUND and len(record[name].encode()) > BOUND[name]:
            return "too_long"
    return "repeated_key" if record["user_id"] in keys else None


@pytest.fixture(scope="module")
def product(warehouse, tmp_path_factory):
    return Pipeline(warehouse, tmp_path_factory.mktemp("files"))


@seed(14)
@settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(file=files())
def test_each_record_is_loaded_as_it_is_or_set_aside_with_its_reason(product, file):
    product.empty()
    text, records = file.write()
    product.write(USERS.file, text)
    loaded, rejected = {}, {}
    for line, record in records:
        if rule := wrong_with(record, set(loaded)):
            rejected[str(line)] = rule
        else:
            loaded[record["user_id"]] = (record["country"] or None, record["subscription_type"] or None)
    if loaded:
        load = product.seed()
        assert load.read == len(records) == load.inserted + load.quarantined
    else:
        with pytest.raises(InputError, match=f"none of its {len(records)} rows can be loaded"):
            product.seed()
    stored = product.source("select user_id, country, subscription_type from users")
    assert {row["user_id"]: (row["country"], row["subscription_type"]) for row in stored} == loaded
    assert {row["position"]: row["rule"] for row in product.quarantine()} == rejected
