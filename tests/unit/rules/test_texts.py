"""One idea of blank, here and in dbt; and what messages show of a text."""

import sys

import jinja2
import pytest

from include.environment import ROOT
from include.rules.rejected import Rejected, shortened
from include.rules.texts import BLANKS, UNSEEN, WHITE_SPACE, is_blank, listed, shown

# Unicode's property White_Space.
UNICODE = [*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F]
UNICODE += [0x3000]


def test_white_space_is_that_of_unicode_and_of_python() -> None:
    assert set(map(chr, UNICODE)) <= set(WHITE_SPACE)
    assert {chr(code) for code in range(sys.maxunicode) if chr(code).isspace()} == set(WHITE_SPACE)
    assert len(set(BLANKS)) == len(BLANKS)


@pytest.mark.parametrize("unseen", ["\u200b", "\u200d", "\u2060", "\ufeff", "\xad", "\u200e", "\u3164"])
def test_what_prints_nothing_is_blank(unseen: str) -> None:
    assert unseen in UNSEEN
    assert is_blank(unseen)
    assert is_blank(f" {unseen}\t")
    assert not is_blank(f"{unseen}a")


def test_signs_that_belong_to_the_one_before_them_are_not_blank() -> None:
    assert not {"\ufe0f", "\U000e007f", "\u0301"} & set(BLANKS)


def test_dbt_has_the_same_blanks() -> None:
    macros = (ROOT / "dbt/macros/texts.sql").read_text()
    assert jinja2.Environment().from_string(macros + "{{ blanks() }}").render().strip("\n ") != ""
    rendered = jinja2.Environment().from_string(macros + "[{{ blanks() }}]").render()
    assert rendered[rendered.index("[") + 1 : rendered.rindex("]")] == BLANKS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user_id", "user_id"),
        ("nick name", "nick name"),
        ("Größe", "Größe"),
        ("", "''"),
        (" a", "' a'"),
        ("\ufeffuser_id", r"'\ufeffuser_id'"),
        ("user\u200bid", r"'user\u200bid'"),
        ("a\xa0b", r"'a\xa0b'"),
        ("a\nb", r"'a\nb'"),
        ("\u3164", r"'\u3164'"),
        ("x" * 101, "x" * 100 + "…"),
    ],
)
def test_message_shows_what_nobody_would_see(text: str, message: str) -> None:
    assert shown(text) == message


def test_long_list_is_cut_and_counted() -> None:
    assert listed(["a", "", "c"]) == "a, '', c"
    assert listed([f"n{number}" for number in range(3000)]).endswith("n8, n9 and 2,990 more")


def test_long_texts_that_differ_stay_two() -> None:
    one, other = ("ä" * 3000 + end for end in "xy")
    assert shortened("x" * 250) == "x" * 250
    assert shortened(one) != shortened(other)
    assert shortened(one) == shortened(one)
    assert shortened(one).startswith("ä" * 180 + "… (6,001 bytes, md5 ")
    assert max(len(shortened(text).encode()) for text in (one, "x" * 251, "\U0001f600" * 9999)) < 1000


def test_rejected_row_is_stored_whole_under_a_short_place() -> None:
    row = Rejected("p" * 9999, "c", "v" * 9999, "is wrong", "above", "r" * 9999)
    assert len(row.storable.position) < 300
    assert len(row.storable.value) < 300
    assert row.storable.row == row.row
    # A replay compares it.
    repeated = Rejected("2", "c", "v" * 999, "repeats the key of line 1", "repeated_key", "r")
    assert repeated.storable == repeated
