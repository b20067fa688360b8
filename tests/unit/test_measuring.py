"""What somebody gives `make bench` is a number, or told."""

import pytest

from benchmarks.measuring import asked, asked_several


def test_number_that_is_asked_for_or_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIZE", "20")
    monkeypatch.setenv("ROUNDS", "")
    assert (asked("SIZE", 5), asked("ROUNDS", 3)) == (20, 3)


@pytest.mark.parametrize("value", ["2m", "0", "-1", "1.5", "²"])
def test_anything_else_ends_with_a_sentence(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SIZE", value)
    with pytest.raises(SystemExit) as ended:
        asked("SIZE", 5)
    assert ended.value.code == f"SIZE must be a whole number from 1 up, as SIZE=5, not {value!r}"


def test_several_numbers_that_are_asked_for_or_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIZES", " 20  5 ")
    monkeypatch.delenv("OTHERS", raising=False)
    assert (asked_several("SIZES", "1 2"), asked_several("OTHERS", "1 2")) == ([20, 5], [1, 2])


@pytest.mark.parametrize("value", [" ", "2m", "5 0", "5,6"])
def test_anything_but_several_numbers_ends_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("SIZES", value)
    with pytest.raises(SystemExit) as ended:
        asked_several("SIZES", "1 2")
    assert ended.value.code == f"SIZES must be whole numbers from 1 up, as SIZES='1 2', not {value!r}"
