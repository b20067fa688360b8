"""Rows with texts that the source's server cannot convert to UTF-8: found one by one, and set aside.

A server converts what it sends, and ends the whole COPY at the first byte that it cannot convert: 0x81 in
WIN1252, whatever is no UTF-8 in SQL_ASCII. Most tables have none, which one statement tells. Else PL/pgSQL
tries every row by itself, inside the reading transaction; that needs no right but to read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2.errors
from psycopg2.extensions import cursor as Cursor
from psycopg2.extensions import encodings
from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from include.libpq import server_encoding
from include.rules.reasons import Problem, problem
from include.specs import PostgresTable

# Types without letters; of all others the texts are looked at.
PLAIN = {"boolean", "smallint", "integer", "bigint", "numeric", "real", "double precision", "uuid", "bytea"}
PLAIN |= {"date", "timestamp with time zone", "timestamp without time zone", "time without time zone"}
PLAIN |= {f"{name}[]" for name in PLAIN}
# To SQL_ASCII nothing is converted: these are the bytes as they are stored.
BYTES = "convert_to({}, 'SQL_ASCII')"
TRY_ALL = "select count(convert_to({texts}::text, 'UTF8')) from {relation} as source"
TRY_EACH = """
declare
    texts text[];
    place integer;
    spoilt text[] := '{{}}';
begin
    for texts in select distinct {texts} from {relation} as source loop
        begin
            perform convert_to(texts::text, 'UTF8');
            continue;
        exception when untranslatable_character or character_not_in_repertoire then null;
        end;
        for place in 1 .. cardinality(texts) loop
            begin
                perform convert_to(texts[place], 'UTF8');
            exception when untranslatable_character or character_not_in_repertoire then
                spoilt := array_append(spoilt, md5(convert_to(texts::text, 'SQL_ASCII')) || ' ' || place);
                exit;
            end;
        end loop;
    end loop;
    perform set_config('elt.unconvertible', array_to_string(spoilt, ','), true);
end
"""
FOUND = """
select {identity}, {bytes_of_key}, {values}, {bytes_of_row}
from {rows} as source
where {identity} = any ({identities}) and {changed}
order by 1, 2
"""


@dataclass(frozen=True)
class Unconvertible:
    """The rows that cannot be converted: `places` has which of `columns` is to blame, by a row's identity.

    Rows that say the same are one: the identity is a hash of the bytes of their texts.
    """

    encoding: str
    columns: tuple[str, ...]
    places: dict[str, int]

    @property
    def is_none_of(self) -> Composed:
        """The condition for rows of the relation `source` that can be converted."""
        return SQL("{} <> all ({})").format(self.identity, self._identities)

    @property
    def identity(self) -> Composed:
        """The expression for the identity of a row of `source`."""
        return SQL("md5({})").format(SQL(BYTES).format(SQL("{}::text").format(_texts(self.columns))))

    def rows(
        self, reader: Cursor, key: Composable, rows: Composable, changed: Composable
    ) -> Iterator[tuple[str, Problem, str]]:
        """Yield key, problem and JSON of each changed row that cannot be converted, with bytes escaped."""
        values = [SQL(BYTES).format(SQL("{}::text").format(_column(name))) for name in self.columns]
        query = SQL(FOUND).format(
            identity=self.identity,
            bytes_of_key=SQL(BYTES).format(SQL("{}::text").format(key)),
            values=SQL("array[{}]").format(SQL(", ").join(values)),
            bytes_of_row=SQL(BYTES).format(SQL("row_to_json(source.*)::text")),
            rows=rows,
            identities=self._identities,
            changed=changed,
        )
        reader.execute(query)
        for identity, key_bytes, texts, row in reader.fetchall():
            place = self.places[identity]
            value = self._shown(texts[place])
            found = problem("not_convertible", self.encoding, column=self.columns[place], value=value)
            yield "no key" if key_bytes is None else self._shown(key_bytes), found, self._shown(row)

    @property
    def _identities(self) -> Composed:
        return SQL("{}::text[]").format(Literal([*self.places]))

    def _shown(self, stored: memoryview) -> str:
        r"""Return the stored bytes as text; one that means nothing is written like \x81, and \ like \\."""
        # Of SQL_ASCII nobody knows what is meant; most often it is UTF-8.
        codec = "utf_8" if self.encoding == "SQL_ASCII" else encodings.get(self.encoding, "ascii")
        data = bytes(stored)
        try:
            return data.decode(codec)
        except UnicodeDecodeError:
            return data.replace(b"\\", b"\\\\").decode(codec, "backslashreplace")


def find_unconvertible(reader: Cursor, table: PostgresTable) -> Unconvertible | None:
    """Return the rows of the source's table that its server cannot convert; None where there are none.

    Only the table's columns count. The rows are those of the reader's snapshot.
    """
    encoding = server_encoding(reader)
    columns = tuple(column.name for column in table.columns if column.type not in PLAIN)
    if encoding == "UTF8" or not columns:
        return None
    asked = {"texts": _texts(columns), "relation": Identifier(table.schema, table.table)}
    reader.execute("savepoint texts")
    try:
        reader.execute(SQL(TRY_ALL).format(**asked))
        reader.execute("release savepoint texts")
        return None
    except (psycopg2.errors.UntranslatableCharacter, psycopg2.errors.CharacterNotInRepertoire):
        reader.execute("rollback to savepoint texts")
    reader.execute(SQL("do {}").format(Literal(SQL(TRY_EACH).format(**asked).as_string(reader))))
    reader.execute("select string_to_array(nullif(current_setting('elt.unconvertible'), ''), ',')")
    found = [line.split() for line in reader.fetchone()[0] or ()]
    return Unconvertible(encoding, columns, {identity: int(place) - 1 for identity, place in found})


def _texts(columns: tuple[str, ...]) -> Composed:
    """Return the texts of a row of the relation `source` as one array, whose values are told by their bytes.

    Columns of several collations cannot be compared together, and to some collations a and A are equal.
    """
    texts = [SQL('{}::text collate "C"').format(_column(name)) for name in columns]
    return SQL("array[{}]").format(SQL(", ").join(texts))


def _column(name: str) -> Composed:
    return SQL("source.{}").format(Identifier(name))
