"""Names of TMDL: quoted where they hold a blank, a dot, a colon, an equals sign or a quote."""

import re

NAME = re.compile(r"'((?:[^']|'')*)'|([^\s.=:']+)")
# Names of annotations hold dots and colons without quotes.
LOOSE_NAME = re.compile(r"'((?:[^']|'')*)'|([^\s='][^\s=]*)")


def split_name(text: str, pattern: re.Pattern[str] = NAME) -> tuple[str, str] | None:
    """Return the name at the beginning of a text and what follows it, or None where there is no name."""
    found = pattern.match(text)
    return (_unquoted(found), text[found.end() :].strip()) if found else None


def parts(path: str) -> tuple[str, ...]:
    """Return the names of a dotted path, `'Viewing Session'.'Title Key'`; nothing where it is none."""
    names = []
    while found := NAME.match(path):
        names.append(_unquoted(found))
        if found.end() == len(path):
            return tuple(names)
        if path[found.end()] != ".":
            break
        path = path[found.end() + 1 :]
    return ()


def _unquoted(found: re.Match[str]) -> str:
    quoted, plain = found.groups()
    return plain if quoted is None else quoted.replace("''", "'")
