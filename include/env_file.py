"""The text of .env, read line by line and judged before anything starts by it.

Data flow: bytes -> text -> a setting for each line, or InputError with the line and what to do. A file that
cannot be read is never written to. What may be a secret is in no message.
"""

import io
import json
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from pwd import getpwuid
from typing import NamedTuple
from urllib.parse import urlsplit

from dotenv.parser import Binding, parse_stream

from include.errors import InputError

# The platform plays the product and seeds its sources, or they exist and are only read.
MODES = ("played", "existing")
SECRETS = ("_PASSWORD", "_SECRET", "_KEY")
CONNECTION = "AIRFLOW_CONN_"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
SAVE = "Save it as UTF-8: iconv -f {} -t UTF-8 {name} >{name}.new && mv {name}.new {name}"
QUOTES = "A value with blanks, with # or with a quote at its start needs single quotes, opened and closed"
# The start of another setting; a line of JSON or of a certificate looks different.
NEXT_SETTING = re.compile(r"^(export )?([A-Z]+(_[A-Z0-9]+)+|SOURCES)=", re.MULTILINE)


class Setting(NamedTuple):
    """A variable that the file sets, and the line, from 1 on, where it does."""

    line: int
    name: str
    value: str


def text_of(path: Path) -> str:
    """Return the text of the file, nothing where there is none. Raises InputError for one of no use."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(
                f"{path.name} is no file but a folder or a device: move it away, and start again"
            )
        return _decoded(path.read_bytes(), path.name).replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        if path.is_symlink():
            raise InputError(
                f"{path.name} is a link to {os.readlink(path)}, which is not there: bring that back, or"
                " delete the link"
            ) from None
        return ""
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror}): {_remedy(path)}") from None


def settings_of(text: str, file: str) -> list[Setting]:
    """Return what the text sets. Raises InputError for a line that cannot be read, or a wrong value."""
    found: dict[str, Setting] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.key is None and not binding.error:
            continue
        setting = _setting(binding, file)
        first = found.setdefault(setting.name, setting)
        if first.value != setting.value:
            raise InputError(
                f"{file}:{setting.line}: {setting.name} has another value here than in line {first.line}."
                " Delete one of the two lines and start again"
            )
        _judge(setting, file)
    return list(found.values())


def _remedy(path: Path) -> str:
    """Return how the file can be read: by its owner, or by who works here."""
    with suppress(OSError, KeyError):
        if (owner := path.owner()) != (me := getpwuid(os.geteuid()).pw_name):
            return f"it belongs to {owner}: work as {owner}, or take it over, sudo chown {me} {path.name}"
    return f"as its owner, chmod u+rw {path.name}"


def _decoded(raw: bytes, file: str) -> str:
    if raw.startswith(UTF_16):
        raise InputError(f"{file}:1: the file is UTF-16. {SAVE.format('UTF-16', name=file)}")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{file}:{line}: a character is not UTF-8, perhaps Latin-1. {SAVE.format('LATIN1', name=file)}"
        ) from None
    if (at := text.find("\0")) >= 0:
        line = text.count("\n", 0, at) + 1
        raise InputError(f"{file}:{line}: there is a NUL byte, as in UTF-16 or a damaged file. Write it anew")
    return text


def _setting(binding: Binding, file: str) -> Setting:
    """Return what one statement of the file sets; blank lines before it belong to the statement."""
    written = binding.original.string.lstrip()
    before = binding.original.string[: len(binding.original.string) - len(written)]
    line = binding.original.line + before.count("\n")
    if binding.error:
        raise InputError(f"{file}:{line}: this is not NAME=value. {QUOTES}. Nothing was changed")
    value = binding.value or ""
    if "\n" in value and (swallowed := NEXT_SETTING.search(written, written.index("\n") + 1)):
        other = line + written.count("\n", 0, swallowed.start())
        raise InputError(f"{file}:{line}: the quote that opens here takes in line {other}: close it before")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", binding.key):
        raise InputError(
            f"{file}:{line}: the name before = must be letters, digits and _. Nothing was changed"
        )
    return Setting(line, binding.key, value)


def _judge(setting: Setting, file: str) -> None:
    """Raise InputError for a value that the platform cannot take."""
    line, name, value = setting
    if name.startswith(CONNECTION) and value and not _is_connection(value):
        raise InputError(
            f"{file}:{line}: {name} is neither a URI, as postgresql://reader:secret@host:5432/database with"
            " %40 for an @ in the password, nor a JSON object. Mend it and start again"
        )
    is_secret = name.endswith(SECRETS) or name.startswith(CONNECTION)
    if not is_secret and re.fullmatch("[^\"']+[\"']", value):
        raise InputError(f"{file}:{line}: the value of {name} ends with a quote that nothing opens. {QUOTES}")
    for names, is_right, noun in RULES:
        if re.fullmatch(names, name) and not is_right(value):
            raise InputError(
                f"{file}:{line}: {name}={value!r} is not {noun}. Mend it in {file} and start again"
            )


def _is_connection(value: str) -> bool:
    try:
        if value.startswith("{"):
            return isinstance(json.loads(value), dict)
        return "://" in value and bool(urlsplit(value).scheme)
    except ValueError:
        return False


def _is_port(value: str) -> bool:
    return value.isascii() and value.isdigit() and 0 < int(value) < 65536


def _from(least: float, kind: type[int] | type[float], most: float = float("inf")) -> Callable[[str], bool]:
    """Return what tells whether a text is a number within these bounds, or empty: the default."""

    def is_right(value: str) -> bool:
        try:
            return not value or least <= kind(value) <= most
        except ValueError:
            return False

    return is_right


def _is_mode(value: str) -> bool:
    return not value or value in MODES


def _is_id(value: str) -> bool:
    return not value or bool(re.fullmatch("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value))


def _is_engine(value: str) -> bool:
    return value in ("", "sail", "spark")


def _is_switch(value: str) -> bool:
    return value in ("", "on", "off")


def _is_host_name(value: str) -> bool:
    """Tell whether a text is a name of a machine, no address: a letter is in its last part; or empty."""
    return not value or bool(re.fullmatch(r"([A-Za-z0-9-]+\.)*[A-Za-z0-9-]*[A-Za-z][A-Za-z0-9-]*", value))


# What a name stands for, as far as a wrong value would stop something later: its test, and its noun.
RULES: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    (
        "(SOURCE|MONGO|WAREHOUSE|AIRFLOW|DASHBOARD|DAGSTER)_PORT",
        _is_port,
        "a port, a whole number from 1 to 65535",
    ),
    ("GENERATE_SEED", _from(0, int), "a whole number from 0 up"),
    ("GENERATE_(USERS|TITLES|SESSIONS)", _from(1, int), "a whole number from 1 up"),
    (
        "GENERATE_DEFECTS|MAX_(DELETED|REJECTED)_SHARE|ASK_(REJECTED|CHANGED|MOVED)_SHARE",
        _from(0, float, 1),
        "a number from 0 to 1",
    ),
    ("ASK_(SETTLED|LATE)_DAYS", _from(0, int), "a whole number from 0 up"),
    ("STREAM_MAX_LAG", _from(0, int), "a whole number from 0 up"),
    # Ten minutes of it are for events that come late.
    ("STREAM_MAX_DELAY_SECONDS", _from(660, int), "a whole number from 660 up"),
    ("LAKE_KEPT_DAYS", _from(1, int), "a whole number from 1 up"),
    ("LAKE_ENGINE", _is_engine, "sail or spark"),
    ("ASK_ROWS_FACTOR", _from(1, float), "a number from 1 up"),
    ("WAREHOUSE_TLS", _is_switch, "on or off"),
    ("WAREHOUSE_TLS_NAME", _is_host_name, "a machine's name, as warehouse.example.com"),
    ("RUN_DEADLINE_MINUTES", _from(1, int), "a whole number from 1 up"),
    ("SOURCES", _is_mode, "played or existing"),
    ("POWER_BI_(WORKSPACE|SEMANTIC_MODEL)_ID", _is_id, "an id as f089354e-8366-4e18-aea3-4cb4a3a50b48"),
)
