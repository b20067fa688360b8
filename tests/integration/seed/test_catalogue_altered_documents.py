"""What a JSON parser would alter in silence: kept to the last digit, or set aside as it came."""

import json
from decimal import Decimal

import pytest
from bson.decimal128 import Decimal128

from include.errors import InputError
from include.replay import Replay, replay_documents
from tests.integration.helpers.loads import counts, rejections
from tests.integration.helpers.samples import movie, show
from tests.product import CONTENT

GOOD = json.dumps(movie())


def seed(pipeline, *movies: str, series: str = "", batch=None):
    pipeline.write("content.json", f'{{"movies": [{", ".join(movies)}],\n "series": [{series}]}}')
    return pipeline.seed_catalogue(batch)


def film(key: str, fields: str) -> str:
    return f'{{"content_id": "{key}", "title": "x", {fields}}}'


@pytest.mark.parametrize(
    ("document", "column", "value", "reason"),
    [
        (
            '{"content_id": "M2", "title": "A", "title": "B"}',
            "title",
            None,
            "stands more than once",
        ),
        (
            '{"content_id": "M2", "content_id": "M2", "title": "A"}',
            "content_id",
            None,
            "stands more than once",
        ),
        (film("M2", '"a": {"b": [{"c": 1, "c": 1}]}'), "a.b[0].c", None, "stands more than once"),
        (film("M2", '"rating":  1.5, "rating": 9'), "rating", None, "stands more than once"),
        (film("M2", '"more": NaN'), "more", "nan", "is not a number: JSON has no NaN"),
        (film("M2", '"more": [0, -Infinity]'), "more[1]", "-inf", "is not a number: JSON has no"),
        (film("M2", '"rating": 1e9999'), "rating", "1e9999", "is a number that MongoDB cannot hold"),
        (film("M2", '"more": ' + "7" * 35), "more", "7" * 35, "is a number that MongoDB cannot hold"),
        (film("M2", '"more": 0.' + "7" * 35), "more", "0." + "7" * 35, "is a number that MongoDB cannot"),
        (film("M2", '"more": ' + "[" * 9000 + "]" * 9000), None, None, "is nested more than 100 levels"),
        (film("M2", '"more": ' + "[" * 101 + "]" * 101), None, None, "is nested more than 100 levels"),
        (film("M2", '"$price": 5'), "$price", None, "begins with $: a field of this name cannot be stored"),
        (film("M2", '"seasons": "two"'), "seasons", "two", "is not int or long or double or null but string"),
        (film("M2", '"more": "' + "é" * 8_400_000 + '"'), None, None, "the document has 16,800,1"),
    ],
)
def test_document_is_set_aside_as_it_came(pipeline, document, column, value, reason):
    pipeline.seed_content([movie(), movie("M2"), movie("M3")])
    before = pipeline.documents()
    load = seed(pipeline, GOOD, document, batch=pipeline.batch("run 2"))
    assert counts(load) == {"read": 2, "unchanged": 1, "quarantined": 1, "deleted": 1}
    ((position, *found, why),) = rejections(pipeline)
    assert (position, found) == ("movies[1]", [column, value])
    assert why.startswith(reason)
    assert pipeline.quarantine()[0]["row_text"] == document
    # The title that is in quarantine keeps what is stored of it.
    assert pipeline.documents() == {key: before[key] for key in ("M1", "M2")}
    again = seed(pipeline, GOOD, document, batch=pipeline.batch("run 3"))
    assert counts(again) == {"read": 2, "unchanged": 1, "quarantined": 1}


def test_title_with_two_keys_keeps_both(pipeline):
    pipeline.seed_content([movie(), movie("M2"), movie("M3")])
    load = seed(pipeline, GOOD, '{"content_id": "M2", "content_id": "M3", "title": "x"}')
    assert counts(load) == {"read": 2, "unchanged": 1, "quarantined": 1}
    assert sorted(pipeline.documents()) == ["M1", "M2", "M3"]


@pytest.mark.parametrize("name", ["movies", "series"])
def test_repeated_list_refuses_the_file(pipeline, name):
    pipeline.seed_content([movie(), movie("M2")], [show()])
    before = pipeline.state()
    text = f'{{"movies": [{GOOD}],\n "series": [],\n "{name}": [{GOOD}]}}'
    pipeline.write("content.json", text)
    with pytest.raises(
        InputError, match=rf"content\.json, line 3, column 2: the list '{name}' is there a second"
    ):
        pipeline.seed_catalogue(pipeline.batch("run 2"))
    assert pipeline.state() == before


NUMBERS = {
    "rating": "7.12345678901234567890",
    "production_budget": "123456789.123456789012",
    "views_count": "9007199254740993.0",
    "large": "1e400",
    "larger": "12345678901234567890123",
    "plain": "7.50",
    "whole": "3",
}


def test_numbers_arrive_to_the_last_digit(pipeline):
    text = film("M1", ", ".join(f'"{name}": {value}' for name, value in NUMBERS.items()))
    assert counts(seed(pipeline, text)) == {"read": 1, "inserted": 1}
    stored = pipeline.documents()["M1"]
    assert {type(stored[name]) for name in ("rating", "production_budget", "large", "larger")} == {Decimal128}
    assert (stored["plain"], stored["whole"]) == (7.5, 3)
    assert counts(seed(pipeline, text)) == {"read": 1, "unchanged": 1}
    pipeline.extract_content()
    row = pipeline.raw("mongo_movies")["M1"]
    for name in ("rating", "production_budget", "views_count"):
        assert row[name] == Decimal(NUMBERS[name])
    kept = row["_document"]
    assert (kept["rating"], kept["large"]) == (
        {"$numberDecimal": NUMBERS["rating"]},
        {"$numberDecimal": "1E+400"},
    )


def test_names_that_mongodb_stores_are_stored_and_changed(pipeline):
    fields = '"a.b": 1, "": 2, "more": {"$price": 5, "": 1, "x.y": 2}, "ref": {"$ref": "a", "$id": 1}'
    seed(pipeline, film("M1", fields))
    assert counts(seed(pipeline, film("M1", fields))) == {"read": 1, "unchanged": 1}
    assert counts(seed(pipeline, film("M1", fields.replace("5", "6")))) == {"read": 1, "updated": 1}
    assert pipeline.documents()["M1"]["more"]["$price"] == 6


def test_largest_document_is_stored_and_changed(pipeline):
    # 16 MB less the rest: _id, key, kind, title and the two stamps.
    room = 16 * 1024 * 1024 - 129
    sizes = {}
    for letter in "xy":
        load = seed(pipeline, film("M1", '"more": "' + letter * room + '"'))
        sizes[letter] = counts(load)
    assert sizes == {"x": {"read": 1, "inserted": 1}, "y": {"read": 1, "updated": 1}}
    (row,) = pipeline.product.content.aggregate([{"$project": {"size": {"$bsonSize": "$$ROOT"}}}])
    assert row["size"] == 16 * 1024 * 1024


def test_many_odd_names_make_a_short_note(pipeline):
    names = ["\u200bnetwork", *(f"n{number:04}" for number in range(3000))]
    load = seed(pipeline, film("M1", ", ".join(f'"{name}": 1' for name in names)))
    (note,) = load.notes
    assert len(note) < 300
    assert note.endswith(", n0009 and 2,991 more")


def test_list_that_nobody_asked_for_is_named(pipeline):
    pipeline.write("content.json", f'{{"movies": [{GOOD}], "series": [], "shorts": [{GOOD}]}}')
    load = pipeline.seed_catalogue()
    assert counts(load) == {"read": 1, "inserted": 1}
    assert load.notes == ["content.json has more than its lists, which is not loaded: shorts"]


def test_refusal_of_a_file_is_told_in_few_words(pipeline):
    with pytest.raises(InputError, match=r"none of its 1 rows") as refused:
        seed(pipeline, film("M1", '"rating": "' + "x" * 1_000_000 + '"'))
    assert len(str(refused.value)) < 1500


def replay(pipeline) -> Replay:
    return replay_documents(pipeline.product, pipeline.loader, CONTENT)


def correct(pipeline, text: str) -> None:
    pipeline.warehouse("update quarantine.rejected_rows set row_text = %s where released_at is null", text)


def test_corrected_text_is_read_by_the_same_rules(pipeline):
    seed(pipeline, GOOD, film("M2", '"rating": 1, "rating": 2'))
    assert replay(pipeline) == Replay("content.json", 0, still_rejected=1, superseded=0)
    for text, rule in [
        (film("M2", '"rating": 1, "more": {"a": 1, "a": 2}'), "repeated_name"),
        (film("M2", '"rating": NaN'), "not_a_json_number"),
        (film("M2", '"rating": 1, "$a": 1'), "dollar_name"),
        (film("M2", '"rating": 1') + "]}", "not_json"),
        (film("M2", '"rating": 1, "more": ' + "[" * 5000 + "]" * 5000), "too_deep"),
        ("[" * 5000, "not_json"),
    ]:
        correct(pipeline, text)
        assert replay(pipeline) == Replay("content.json", 0, still_rejected=1, superseded=0)
        assert pipeline.quarantine()[0]["rule"] == rule
    correct(pipeline, film("M2", '"rating": 1.00000000000000000001'))
    assert replay(pipeline).replayed == 1
    assert pipeline.documents()["M2"]["rating"] == Decimal128("1.00000000000000000001")
