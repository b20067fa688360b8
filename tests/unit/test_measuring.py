"""What somebody gives `make bench` is a number, or told."""

import pytest

from benchmarks.measuring import asked


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
