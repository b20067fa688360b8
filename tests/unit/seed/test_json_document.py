"""One JSON value: what it holds, and what of its text no value holds."""

import json
import math
from decimal import Decimal

import pytest
from bson.decimal128 import Decimal128

from include.rules.document_values import number
from include.seed.json_document import Element, parse_document

DEEP = 100_000


def problem_of(text: str) -> tuple | None:
    found = parse_document(text).problem
    return found and (found.column, found.value, found.rule)


@pytest.mark.parametrize(
    "text",
    [
        *["0.1", "7.5", "-2.50", "1e22", "1E-7", "5e-324", "1.7976931348623157e308", "0e400"],
        *["0.1000000000000000000000", "123456789012345.0", "9007199254740992.0"],
    ],
)
def test_number_that_a_double_holds_is_a_double(text):
    value = parse_document(text).value
    assert type(value) is float
    assert value == float(text)


@pytest.mark.parametrize(
    "text",
    [
        *["7.12345678901234567890", "123456789.123456789012", "9007199254740993.0", "1e400", "1e-400"],
        *["-0.30000000000000000001", "9.999999999999999999999999999999999E+6144", "1e-6176", "1e309"],
        *["9223372036854775808", "-9223372036854775809", "9" * 34, "1" + "0" * 40, "4.9e-324"],
    ],
)
def test_number_that_only_a_decimal_holds_is_a_decimal(text):
    value = parse_document(text).value
    assert type(value) is Decimal128
    assert value.to_decimal() == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "9" * 35,
        "1" + "0" * 34 + "1",
        "9" * 5000,
        "1e6145",
        "1e-6177",
        "0." + "3" * 35,
        "12345678.5" + "1" * 40,
        "1e99999999999999999999",
        "-1e-99999999999999999999",
    ],
)
def test_number_that_nothing_holds_is_a_problem_with_its_path(text):
    shown = text if len(text) <= 500 else text[:499] + "…"
    document = f'{{"rating": 1, "crew": [{{"name": "x"}}, {{"pay": {text}}}]}}'
    assert problem_of(document) == ("crew[1].pay", shown, "number_not_held")


@pytest.mark.parametrize("value", [0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63), 10**18, -(10**18)])
def test_whole_number_of_64_bits_is_one(value):
    found = parse_document(str(value)).value
    assert (type(found), found) == (int, value)


def test_sign_of_zero_is_kept():
    for text in ("-0", "-0.0", "-0e5"):
        assert math.copysign(1, parse_document(text).value) == -1
    assert math.copysign(1, parse_document("0.0").value) == 1


@pytest.mark.parametrize(("text", "value"), [("NaN", "nan"), ("Infinity", "inf"), ("-Infinity", "-inf")])
def test_what_is_no_number_of_json_is_a_problem(text, value):
    assert problem_of(f'{{"a": {{"b": [1, {text}]}}}}') == ("a.b[1]", value, "not_a_json_number")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"title": "A", "title": "B"}', "title"),
        ('{"title": "A", "title": "A"}', "title"),
        ('{"a": 1, "b": 2, "b": 3, "b": 4}', "b"),
        ('{"crew": [{}, {"name": {"x": 1, "x": null}}]}', "crew[1].name.x"),
        ('{"a": {"x": 1, "x": 2}, "a": 3}', "a"),
        ('{"a": 1, "\\u0061": 2}', "a"),
        ('{"": 1, "": 2}', ""),
        ('{"a\\u0000": 1, "a\\u0000": 2}', "a\\0"),
        ('{"\\ud800": 1, "\\ud800": 2}', "\\ud800"),
        ('{"a": [[{"b": 1, "b": 2}]], "c": NaN}', "a[0][0].b"),
        ('{"é": 1, "e\\u0301": 2, "x": {"y": 1, "y": 1}}', "x.y"),
    ],
)
def test_name_that_an_object_repeats_is_a_problem_with_its_path(text, path):
    found = parse_document(text).problem
    assert (found.column, found.rule) == (path, "repeated_name")
    assert found.reason == "stands more than once in one object"


def test_same_name_in_two_objects_is_no_problem():
    assert problem_of('{"a": {"a": [{"a": 1}, {"a": 2}]}, "b": {"a": 1}}') is None


@pytest.mark.parametrize("text", ['{"a":1}', ' \n{"a" : 1.50, "b":[ ]}\t', '{"a":1,"a":2}', '"x"', "[1, 2]"])
def test_text_is_kept_as_it_came(text):
    assert parse_document(text).text == text.strip()


@pytest.mark.parametrize(
    "text", ["", "{", "{rating: 7}", '{"a": 1} x', '{"a": 1}{"b": 2}', "{'a': 1}", "[1,]"]
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(json.JSONDecodeError):
        parse_document(text)


@pytest.mark.parametrize(
    "inner",
    ["[" * DEEP + "]" * DEEP, '{"a":' * DEEP + '"}{]["' + "}" * DEEP, '[{"a":' * DEEP + "1" + "}]" * DEEP],
)
def test_document_too_deep_for_the_parser_keeps_text_and_key(inner):
    text = f'{{"content_id": "M1", "deep": {inner}, "title": "x"}}'
    element = parse_document(text)
    assert (element.text, element.problem.rule, element.keys("content_id")) == (text, "too_deep", {"M1"})


def test_fault_of_a_document_too_deep_is_placed():
    deep = "[" * DEEP + "]" * DEEP
    with pytest.raises(json.JSONDecodeError, match="line 2 column 1"):
        parse_document(f'\n{{"a": {deep}, b: 1}}')
    with pytest.raises(json.JSONDecodeError, match="control character"):
        parse_document(f'{{"a": {deep}, "b": ["\0"]}}')
    with pytest.raises(RecursionError):
        parse_document("[" * DEEP)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('{"k": "a"}', {"a"}),
        ('{"k": "a", "x": {"k": "z"}, "k": "b", "k": 5}', {"a", "b"}),
        ('{"k": 5}', set()),
        ('["k"]', set()),
        ("null", set()),
        ('"k"', set()),
    ],
)
def test_all_keys_of_a_document_are_known(text, keys):
    assert parse_document(text).keys("k") == keys


def test_value_that_is_fine_has_no_problem():
    assert parse_document('{"a": 1}') == Element('{"a": 1}', {"a": 1}, None)
    assert number(parse_document("1e400").value) == Decimal("1e400")
