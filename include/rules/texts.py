"""What counts as blank, for every rule and for the star, and how texts are shown in messages.

dbt/macros/texts.sql has the same blanks, which a test compares.
"""

from collections.abc import Iterable

from psycopg2.sql import SQL, Composable, Composed, Literal

from include.specs import Column

# Unicode's White_Space, and the four separators that Python takes for it as well.
WHITE_SPACE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
WHITE_SPACE += "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
# What prints nothing: soft hyphen, zero-width characters, marks of direction, byte order mark, fillers. Not
# variation selectors and tags: they belong to the sign before them, and ❤️ is another one without.
UNSEEN = "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c"
UNSEEN += "\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u2800\u3164\ufeff\uffa0"
BLANKS = WHITE_SPACE + UNSEEN

# A server in another encoding takes no literal of them, and has few of them in its texts.
SQL_BLANKS = f"""
case when getdatabaseencoding() = 'UTF8'
    then convert_from(decode('{BLANKS.encode().hex()}', 'hex'), 'UTF8')
    else E' \\t\\n\\v\\f\\r'
end
"""
# Most texts begin and end with a sign of ASCII: to look no further is three times as fast.
TRIMMED = """
case
    when ascii({text}) between 33 and 126 and ascii(right({text}, 1)) between 33 and 126 then {text}
    else btrim({text}, {blanks})
end
"""
# A byte of another encoding becomes three of UTF-8 at most. The bytes of SQL_ASCII are sent as they are.
TOO_LONG = """
octet_length({text}) > {bound} or (
    octet_length({text}) * 3 > {bound}
    and getdatabaseencoding() not in ('UTF8', 'SQL_ASCII')
    and octet_length(convert_to({text}, 'UTF8')) > {bound}
)
"""

SHOWN_NAMES = 10
LONGEST_SHOWN = 100
# Of a driver's message, or a value within a sentence.
LONGEST_CLIPPED = 500


def is_blank(text: str) -> bool:
    """Tell whether the text has nothing but blanks: such a text is none."""
    return not text.strip(BLANKS)


def broken_by_length(column: Column, text: str) -> tuple[str, int] | None:
    """Return the rule that a text beyond the column's bound breaks, and the bound."""
    # Half a surrogate pair is legal in JSON.
    size = len(text.encode("utf-8", "surrogatepass"))
    return (
        ("too_long", column.max_bytes) if column.max_bytes is not None and size > column.max_bytes else None
    )


def is_too_long(text: Composable, max_bytes: int) -> Composed:
    """Return the SQL for a text beyond a bound in bytes of UTF-8, whatever the encoding of the server."""
    return SQL(TOO_LONG).format(text=text, bound=Literal(max_bytes))


def is_filled(text: Composable) -> Composed:
    """Return the SQL for a text that has more than blanks; null or false where it has not."""
    return SQL("(ascii({text}) between 33 and 126 or btrim({text}, {blanks}) <> '')").format(
        text=text, blanks=SQL(SQL_BLANKS)
    )


def trimmed(text: Composable) -> Composed:
    """Return the SQL of the text without blanks around it; the star shows texts so."""
    return SQL(TRIMMED).format(text=text, blanks=SQL(SQL_BLANKS))


def shown(text: str) -> str:
    """Return the text as messages show a name: in quotes where it has more, or less, than meets the eye."""
    is_plain = text and text == text.strip() and all(map(_is_seen, text))
    return quoted(text)[1:-1] if is_plain else quoted(text)


def quoted(text: str | None) -> str:
    """Return the text as messages show a value: in quotes, with escapes for what nobody sees, and cut."""
    if text is None:
        return "None"
    start = text[:LONGEST_SHOWN]
    escaped = "".join(
        character if _is_seen(character) else character.encode("unicode_escape").decode()
        for character in start
    )
    return f"'{escaped}{'…' if len(text) > LONGEST_SHOWN else ''}'"


def keepable(text: str) -> str:
    """Return the text as PostgreSQL can keep it."""
    # Not NUL, nor half a surrogate pair, which is legal in JSON.
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def clipped(text: object) -> str:
    """Return at most LONGEST_CLIPPED characters of a text of theirs, as PostgreSQL can keep them."""
    start = keepable(str(text)[:LONGEST_CLIPPED])
    is_whole = len(start) <= LONGEST_CLIPPED and len(str(text)) <= LONGEST_CLIPPED
    return start if is_whole else f"{start[: LONGEST_CLIPPED - 1]}…"


def listed(names: Iterable[str]) -> str:
    """Return the names as a message lists them: the first ones, and how many more there are."""
    names = list(names)
    more = len(names) - SHOWN_NAMES
    return ", ".join(map(shown, names[:SHOWN_NAMES])) + (f" and {more:,} more" if more > 0 else "")


def _is_seen(character: str) -> bool:
    return character == " " or (character.isprintable() and character not in BLANKS)
