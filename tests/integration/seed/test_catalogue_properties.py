"""Any documents: each is stored as its text says, or set aside with its reason; a second seed is idle."""

import json
from decimal import Decimal

from bson.codec_options import CodecOptions
from bson.decimal128 import Decimal128
from bson.raw_bson import RawBSONDocument
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from include.ops.load_runs import Load

DIGITS = st.text("0123456789", min_size=1, max_size=40)
WHOLE = DIGITS.map(lambda digits: digits.lstrip("0") or "0")
EXPONENTS = st.sampled_from(
    ["", "", "e5", "E-7", "e308", "e-330", "e400", "e6150", "e-6200", "e99999999999999999999"]
)
NUMBERS = st.one_of(
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "-"]),
        WHOLE,
        st.just("") | DIGITS.map(".{}".format),
        EXPONENTS,
    ),
    st.integers(-(2**65), 2**65).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["-0", "-0.0", "1", "9223372036854775807", "9223372036854775808", "NaN", "-Infinity"]),
)
TEXTS = st.text(max_size=8).map(json.dumps) | st.sampled_from(
    ['"\\u0000"', '"\\ud800"', '"\\ud83c\\udfac"', '"' + "é" * 70_000 + '"']
)
NAMES = st.sampled_from(["a", "a", "b", "", "$a", "a.b", "$ref", "$id", "\0", "\ud800", "é"]).map(json.dumps)
DEEP = st.sampled_from([("[", "]", 90), ("[", "]", 110), ('{"a":', "}", 95), ("[", "]", 3000)]).map(
    lambda deep: deep[0] * deep[2] + "1" + deep[1] * deep[2]
)


def objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(NAMES, values), max_size=3)
    return pairs.map(lambda found: "{" + ", ".join(f"{name}: {value}" for name, value in found) + "}")


VALUES = st.recursive(
    NUMBERS | TEXTS | st.sampled_from(["null", "true", "false"]),
    lambda inner: objects(inner) | st.lists(inner, max_size=3).map(lambda found: f"[ {','.join(found)}]"),
    max_leaves=5,
)
# Fields of movies, of series, and of none.
FIELDS = st.tuples(
    st.sampled_from(['"rating"', '"seasons"', '"title"', '"episodes_per_season"']) | NAMES, VALUES | DEEP
)
DOCUMENTS = st.tuples(st.integers(1, 4), st.lists(FIELDS, max_size=3)).map(
    lambda found: (
        ", ".join(
            [
                f'{{"content_id": "M{found[0]}"',
                '"title": "x"',
                *(f"{name}: {value}" for name, value in found[1]),
            ]
        )
        + "}"
    )
)


class Repeated(Exception):
    """An object of the text has a name twice."""


def _once(pairs: list[tuple[str, object]]) -> dict:
    if len(dict(pairs)) < len(pairs):
        raise Repeated
    return dict(pairs)


def meant(text: str) -> dict:
    """Return what the text says, all numbers as decimals."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal, object_pairs_hook=_once)


def plain(value: object) -> object:
    """Return a stored value in the same form."""
    if isinstance(value, dict | RawBSONDocument):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Decimal128):
        return value.to_decimal()
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def stored(pipeline) -> dict[str, dict]:
    found = pipeline.product.content.with_options(CodecOptions(RawBSONDocument)).find()
    ours = {"_id", "created_at", "updated_at", "content_type"}
    documents = [{name: value for name, value in one.items() if name not in ours} for one in found]
    return {document["content_id"]: plain(document) for document in documents}


def typed(value: object) -> object:
    """Return the value so that == compares types, the sign of zero, and nothing else of numbers."""
    if isinstance(value, dict):
        return {name: typed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    return (type(value), value, isinstance(value, Decimal) and value.is_signed())


@settings(
    deadline=None,
    max_examples=100,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(days=st.lists(st.lists(DOCUMENTS, min_size=1, max_size=5), min_size=2, max_size=2))
def test_every_document_is_stored_as_it_says_or_set_aside(pipeline, days):
    pipeline.product.content.delete_many({})
    for number, texts in enumerate(days):
        pipeline.warehouse("delete from quarantine.rejected_rows")
        # One document that is good, since a file of bad ones is refused.
        movies, series = ['{"content_id": "M0", "title": "x"}', *texts[::2]], texts[1::2]
        pipeline.write(
            "content.json", f'{{"movies": [{", ".join(movies)}], "series": [{", ".join(series)}]}}'
        )
        batch = pipeline.batch(f"run {number}")
        load = pipeline.seed_catalogue(batch)
        expected = {f"movies[{place}]": text for place, text in enumerate(movies)}
        expected |= {f"series[{place}]": text for place, text in enumerate(series)}
        compare(pipeline, expected, load)
        again = pipeline.seed_catalogue(batch)
        unchanged = load.read - load.quarantined
        assert (again.read, again.unchanged, again.quarantined) == (load.read, unchanged, load.quarantined)


def compare(pipeline, expected: dict[str, str], load: Load) -> None:
    """Find each document, by its place in the file, in the collection or in quarantine."""
    rejected = {row["position"]: row for row in pipeline.quarantine()}
    assert (load.read, load.quarantined) == (len(expected), len(rejected))
    assert min(load.inserted, load.updated, load.unchanged) >= 0
    found = stored(pipeline)
    for place, text in expected.items():
        if row := rejected.get(place):
            assert row["row_text"] == text
            assert 0 < len(row["reason"]) <= 600
        else:
            document = meant(text)
            assert typed(found[document["content_id"]]) == typed(document)
