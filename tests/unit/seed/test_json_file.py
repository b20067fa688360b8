"""A file of lists: its elements with their texts, and what makes it unusable, with the place."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.errors import InputError
from include.seed.json_file import read_lists

NAMES = ["movies", "series"]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("json") / "content.json"


def read(path: Path, text: str) -> dict[str, list[str]]:
    path.write_bytes(text.encode())
    lists, _ = read_lists(path, NAMES)
    return {name: [element.text for element in found] for name, found in lists.items()}


@pytest.mark.parametrize(
    ("text", "movies", "series"),
    [
        ('{"movies": [], "series": []}', [], []),
        ('\ufeff{"series":[1],"movies":[ {"a" : 1} ,\r\n\t[2]]}\n', ['{"a" : 1}', "[2]"], ["1"]),
        ('{"by": {"movies": [1, 1]}, "movies": [NaN], "series": [], "by": 2}', ["NaN"], []),
        ('{"movies": ["]", "\\"}"], "\\u0073eries": [null]}', ['"]"', '"\\"}"'], ["null"]),
        ('{"movies": [], "series": [], "more": ' + "[" * 10**5 + "]" * 10**5 + "}", [], []),
    ],
)
def test_elements_come_with_their_texts(scratch, text, movies, series):
    assert read(scratch, text) == {"movies": movies, "series": series}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            '{"movies": [1], "series": [], "movies": [2]}',
            "line 1, column 31: the list 'movies' is there a second",
        ),
        ('{"movies": [1],\n "series": [],\n\t"series": []}', "line 3, column 2: the list 'series' is there"),
        ('{"movies": 1, "movies": [], "series": []}', "the list 'movies' is there a second time"),
        (
            '{"movies": [], "\\u006dovies": [], "series": []}',
            "column 16: the list 'movies' is there a second",
        ),
    ],
)
def test_repeated_list_is_refused_with_its_place(scratch, text, place):
    with pytest.raises(InputError, match=r"content\.json, line .*nothing was loaded") as refused:
        read(scratch, text)
    assert place in str(refused.value)


@pytest.mark.parametrize("name", ["Mo\u200bvies", "\ufeffmovies", "movies\u00a0", "", "mov\nies", "\ud800"])
def test_name_that_looks_right_is_shown_as_it_is(scratch, name):
    with pytest.raises(InputError, match="the list 'movies' is missing") as refused:
        read(scratch, json.dumps({name: [], "series": []}))
    assert f"found {name!a}, series" in str(refused.value)


def test_of_many_names_the_first_are_shown(scratch):
    with pytest.raises(InputError, match=r"found n0, .*, n9 and 2,990 more\."):
        read(scratch, json.dumps({f"n{number}": 1 for number in range(3000)}))


GOOD = '{"movies": [{"a": [1, {"b": "x"}]}, 2.5], "other": {"c": null}, "series": ["y"]}'


def as_python_reads(text: str) -> tuple[object, str | None]:
    """Return the text's value, or where it is no JSON."""
    try:
        return json.loads(text), None
    except json.JSONDecodeError as error:
        return None, f"line {error.lineno}, column {error.colno}"


@settings(deadline=None, max_examples=400, derandomize=True)
@given(
    at=st.integers(0, len(GOOD)),
    cut=st.integers(0, 3),
    put=st.sampled_from(["", ",", "]", "}", "[", "{", '"', ":", "x", "1", " ", "\\", "NaN", '"a":1']),
)
def test_what_python_refuses_is_refused_at_the_same_place(scratch, at, cut, put):
    text = GOOD[:at] + put + GOOD[at + cut :]
    expected, place = as_python_reads(text)
    if place:
        with pytest.raises(InputError, match=f"content.json, {place}: not JSON"):
            read(scratch, text)
    elif isinstance(expected, dict) and all(isinstance(expected.get(name), list) for name in NAMES):
        found = {name: [json.loads(one) for one in texts] for name, texts in read(scratch, text).items()}
        assert repr(found) == repr({name: expected[name] for name in NAMES})
    else:
        with pytest.raises(InputError, match=r"is missing|must be an object"):
            read(scratch, text)
