"""Which characters of a file the database cannot hold, because it is in an encoding that lacks them."""

from pathlib import Path

import psycopg2.errors
from psycopg2.extensions import cursor as Cursor

from include.libpq import server_encoding

# SQL_ASCII takes all bytes as they are.
HAVE_ALL = {"UTF8", "SQL_ASCII"}
CHUNK_CHARACTERS = 1 << 20


# Some servers take a character for a similar one: EUC_JP has one code for ¦ and ￤.
THERE_AND_BACK = """
select convert(convert(%(sign)s, 'UTF8', getdatabaseencoding()), getdatabaseencoding(), 'UTF8') = %(sign)s
"""


def find_lacking(cursor: Cursor, path: Path) -> frozenset[str]:
    """Return the characters of the file that the database lacks. The server itself tells.

    Python has encodings of these names too, which convert some characters otherwise.
    """
    if server_encoding(cursor) in HAVE_ALL:
        return frozenset()
    found: set[str] = set()
    # Bytes that are no UTF-8 refuse the file when it is read.
    with path.open(encoding="utf-8", errors="ignore", newline="") as file:
        while chunk := file.read(CHUNK_CHARACTERS):
            found.update(chunk)
    return frozenset(sign for sign in found if not sign.isascii() and not _has(cursor, sign))


def _has(cursor: Cursor, character: str) -> bool:
    cursor.execute("savepoint encoding")
    try:
        cursor.execute(THERE_AND_BACK, {"sign": character.encode()})
        (is_same,) = cursor.fetchone()
    except (psycopg2.errors.UntranslatableCharacter, psycopg2.errors.CharacterNotInRepertoire):
        return False
    finally:
        cursor.execute("rollback to savepoint encoding")
    return is_same
