"""What a trigger may say of a run, judged: the words of the form (`dags/pipeline/form.py`), as values.

Airflow judges a trigger by the form's types. Here each value is judged again, for a run may come without it.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from include.errors import InputError
from include.settings import Settings
from include.tables import SOURCES

INCREMENTAL, FULL_REFRESH = MODES = ("incremental", "full refresh")
# Of thresholds that are exceeded, and of publishing. The first is what a trigger means that says nothing.
ASK, STOP, NO = "ask", "stop", "no"
GATES, ANSWERS = (ASK, STOP, "warn"), ("yes", ASK, NO)
# Smallest and largest value. Larger worlds than these were never run (benchmarks/scale_results.md).
RANGES = {
    "users": (1, 1_000_000),
    "titles": (1, 100_000),
    "sessions": (1, 10_000_000),
    "seed": (0, 2**31 - 1),
}
TABLES = tuple(source.name for source in SOURCES)

Params = Mapping[str, Any]


def is_full_refresh(params: Params) -> bool:
    """Tell whether the star is to be built from nothing. Raises InputError for a mode that there is not."""
    return _word("mode", params, MODES) == FULL_REFRESH


def quality_gate_of(params: Params) -> str:
    """Return what becomes of a star that looks unusual, one of `GATES`. Raises InputError."""
    return _word("quality_gate", params, GATES)


def publish_of(params: Params) -> str:
    """Return whether readers are given the star, one of `ANSWERS`. Raises InputError."""
    return _word("publish", params, ANSWERS)


def tables_of(params: Params) -> frozenset[str]:
    """Return the names of the sources that the run brings: all, where it names none. Raises InputError."""
    names = params.get("tables") or TABLES
    if not isinstance(names, list | tuple) or not set(map(repr, names)) <= set(map(repr, TABLES)):
        raise _wrong("tables", names, f"a list of names from {', '.join(TABLES)}")
    return frozenset(names)


def data_dir_of(params: Params) -> str | None:
    """Return the folder that the run names, without blanks around it, or None. Raises InputError."""
    folder = params.get("data_dir") or ""
    if not isinstance(folder, str):
        raise _wrong("data_dir", folder, "a folder's path")
    return folder.strip() or None


def allows_mass_deletion(params: Params) -> bool:
    """Tell whether most of a raw table may vanish. Raises InputError for what is neither true nor false.

    Files of somebody's own are there to replace what was loaded before.
    """
    is_allowed = params.get("allow_mass_deletion") or False
    if not isinstance(is_allowed, bool):
        raise _wrong("allow_mass_deletion", is_allowed, "true or false")
    return is_allowed or bool(data_dir_of(params))


def generated_sizes(params: Params) -> dict[str, int]:
    """Return seed and sizes that the run names, by name. Raises InputError for one out of range."""
    said = {name: params[name] for name in RANGES if params.get(name) is not None}
    for name, value in said.items():
        smallest, largest = RANGES[name]
        # True is a number to Python.
        if type(value) is not int or not smallest <= value <= largest:
            raise _wrong(name, value, f"a whole number from {smallest} to {largest}")
    return said


def with_sizes(settings: Settings, params: Params) -> Settings:
    """Return the settings with the seed and sizes that the run names."""
    return replace(settings, **generated_sizes(params))


def _word(name: str, params: Params, words: tuple[str, ...]) -> str:
    """Return the word that the run says, or the first where it says none. Raises InputError for another."""
    said = params.get(name) or words[0]
    if said not in words:
        raise _wrong(name, said, f"one of {', '.join(map(repr, words))}")
    return said


def _wrong(name: str, value: object, expected: str) -> InputError:
    return InputError(f"{name} must be {expected}; it is {value!r}. Nothing was done. Trigger again")
