"""Sources in other encodings: what a server converts arrives, what it cannot is in quarantine."""

from collections.abc import Iterator
from contextlib import closing
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.errors import CharacterNotInRepertoire, UntranslatableCharacter
from psycopg2.sql import SQL, Identifier

from include.embedded.postgres import connect_as_admin, create_databases
from include.errors import InputError
from include.extract_load import load_table
from include.libpq import connect
from include.ops.load_runs import Load
from include.quality import Servers, reconcile_sources
from include.run import Run
from include.schema.ddl import create_warehouse_tables
from include.specs import Column, PostgresTable
from tests.conftest import Platform
from tests.integration.helpers.connections import autocommit
from tests.integration.own_sources.company import declare
from tests.pipeline import today

# Encoding of PostgreSQL -> that of Python, by which texts are judged.
CODECS = {"LATIN1": "latin_1", "WIN1252": "cp1252", "EUC_JP": "euc_jp", "SQL_ASCII": "utf_8"}
REASON = "cannot be converted from {} to UTF-8"
WHOLE = {"watermark": None, "strategy": "full_refresh"}
numbers = count(1)


class Foreign:
    """A source's database in an encoding of its own, whose rows are written as bytes."""

    def __init__(self, platform: Platform, encoding: str) -> None:
        self.platform, self.encoding = platform, encoding
        env = platform.env | {"SOURCE_DB": f"foreign_{encoding.lower()}"}
        self.env, self.port = env, int(env["SOURCE_PORT"])
        with closing(autocommit(connect_as_admin(env, self.port, "postgres"))) as admin:
            admin.cursor().execute(
                f"create database {env['SOURCE_DB']} encoding '{encoding}' locale 'C' template template0"
            )
        create_databases(
            {name: env[name] for name in env if name not in ("WAREHOUSE_DB", "AIRFLOW_DB")}, self.port
        )
        self.owner = autocommit(connect_as_admin(env, self.port, env["SOURCE_DB"]))
        self.reader = connect(
            host=env["SOURCE_HOST"],
            port=self.port,
            dbname=env["SOURCE_DB"],
            user="elt_reader",
            password=env["SOURCE_READER_PASSWORD"],
        )
        self.loader = platform.connect("elt_loader")

    def table(self, key: tuple[str, ...] = ("id",), key_type: str = "text", **more: object) -> PostgresTable:
        """Make a table of a new name with the columns id and word, and raw's table for it."""
        name = f"t{next(numbers)}_{self.encoding.lower()}"
        self.run(f"create table public.{name} (id {key_type}, word text, at timestamptz default now())")
        self.run(f"grant select on public.{name} to elt_reader")
        columns = tuple(Column(column, key_type, required=True) for column in key)
        columns = columns or (Column("word", "text"),)
        declared = PostgresTable(name=name, key=key, columns=columns, **WHOLE, **more)
        with pytest.MonkeyPatch.context() as patch:
            declare(patch, [declared])
            create_warehouse_tables(self.loader)
        return declared

    def run(self, sql: str | SQL, *parameters: object) -> None:
        with self.owner.cursor() as cursor:
            cursor.execute(sql, parameters or None)

    def write(self, table: PostgresTable, *rows: tuple[bytes | int, bytes]) -> None:
        """Insert rows of bytes as they are."""
        types = ("convert_from(%s, 'SQL_ASCII')", "convert_from(%s, 'SQL_ASCII')")
        for key, word in rows:
            first = "%s" if isinstance(key, int) else types[0]
            self.run(f"insert into public.{table.table} values ({first}, {types[1]})", key, word)

    def load(self, table: PostgresTable) -> Load:
        batch = today(f"run {next(numbers)}")
        (load,) = load_table(self.reader, self.loader, table, Run(batch))
        self.batch = batch.batch_id
        return load

    def raw(self, table: PostgresTable, columns: str = "id, word") -> list[tuple]:
        query = f"select {columns} from raw.{table.raw} where _deleted_at is null order by 1"
        return self.platform.query("elt_loader", query)

    def rejected(self, table: PostgresTable) -> list[tuple]:
        return self.platform.query(
            "elt_loader",
            "select position, column_name, value, reason, rule, row_text from quarantine.rejected_rows"
            " where table_name = %s and batch_id = %s order by position",
            table.raw,
            self.batch,
        )


@pytest.fixture(scope="module")
def foreign(warehouse: Platform) -> Iterator[dict[str, Foreign]]:
    made = {encoding: Foreign(warehouse, encoding) for encoding in CODECS}
    yield made
    for source in made.values():
        source.owner.close()
        source.reader.close()


WORDS = {
    "LATIN1": "Curaçao ñ",
    "WIN1252": "€ “Curaçao” …",
    "EUC_JP": "日本語 テスト",
    "SQL_ASCII": "Básico 日本",
}


@pytest.mark.parametrize("encoding", CODECS)
def test_what_the_server_converts_arrives_as_it_is(foreign: dict[str, Foreign], encoding: str) -> None:
    source, word = foreign[encoding], WORDS[encoding]
    table = source.table(key_type="integer")
    source.write(table, (1, word.encode(CODECS[encoding])), (2, b"plain"))
    load = source.load(table)
    assert (load.read, load.inserted, load.quarantined) == (2, 2, 0)
    assert source.raw(table) == [(1, word), (2, "plain")]
    again = source.load(table)
    assert (again.inserted, again.updated, again.deleted) == (0, 0, 0)


@pytest.mark.parametrize(
    ("encoding", "stored", "shown"),
    [
        ("WIN1252", b"Cura\xe7ao \x81 a\\b", r"Curaçao \x81 a\\b"),
        ("SQL_ASCII", b"Cura\xe7ao", r"Cura\xe7ao"),
    ],
)
def test_what_cannot_be_converted_is_set_aside_by_row(
    foreign: dict[str, Foreign], encoding: str, stored: bytes, shown: str
) -> None:
    source = foreign[encoding]
    table = source.table()
    source.write(table, (b"a", b"one"), (b"b", stored), (b"c", b"three"))
    load = source.load(table)
    assert (load.read, load.inserted, load.quarantined) == (3, 2, 1)
    assert source.raw(table) == [("a", "one"), ("c", "three")]
    ((position, column, value, reason, rule, row),) = source.rejected(table)
    assert (position, column, value, rule) == ("b", "word", shown, "not_convertible")
    assert reason == REASON.format(encoding)
    assert '"id":"b"' in row


@pytest.mark.parametrize("encoding", ["WIN1252", "SQL_ASCII"])
def test_columns_of_several_collations_are_looked_at(foreign: dict[str, Foreign], encoding: str) -> None:
    source = foreign[encoding]
    table = source.table()
    source.run(f'alter table public.{table.table} alter word type text collate "POSIX"')
    source.run(f'alter table public.{table.table} alter id type text collate "C"')
    source.write(table, (b"a", b"one"), (b"b", b"\x81"))
    load = source.load(table)
    assert (load.read, load.inserted, load.quarantined) == (2, 1, 1)
    assert source.raw(table) == [("a", "one")]


def test_row_that_becomes_unconvertible_goes_and_comes_back_when_it_is_mended(
    foreign: dict[str, Foreign],
) -> None:
    source = foreign["SQL_ASCII"]
    table = source.table()
    source.write(table, (b"a", b"one"), (b"b", b"two"))
    assert source.load(table).inserted == 2
    change = f"update public.{table.table} set word = convert_from(%s, 'SQL_ASCII') where id = 'b'"
    source.run(change, b"\xff")
    load = source.load(table)
    # As a row that breaks a rule: raw holds what is valid.
    assert (load.deleted, load.quarantined, load.updated) == (1, 1, 0)
    assert source.raw(table) == [("a", "one")]
    source.run(change, b"two")
    assert source.load(table).quarantined == 0
    assert source.raw(table) == [("a", "one"), ("b", "two")]


def test_keys_that_cannot_be_converted_are_told_apart(foreign: dict[str, Foreign]) -> None:
    source = foreign["SQL_ASCII"]
    table = source.table()
    # The second reads as the first is shown; its word is what cannot be converted.
    source.write(table, (b"\xe7", b"x"), (rb"\xe7", b"\xff"), (b"\xe8", b"\xff"), (b"good", b"y"))
    load = source.load(table)
    assert (load.read, load.inserted, load.quarantined) == (4, 1, 3)
    found = [(position, column) for position, column, *_ in source.rejected(table)]
    assert len(found) == 3
    assert {column for _, column in found} == {"id", "word"}
    assert (r"\xe8", "id") in found


def test_rows_without_a_key_are_set_aside_as_well(foreign: dict[str, Foreign]) -> None:
    source = foreign["SQL_ASCII"]
    table = source.table(key=())
    source.write(table, (b"a", b"\xff"), (b"a", b"\xff"), (b"b", b"good"))
    load = source.load(table)
    assert (load.inserted, load.quarantined) == (1, 2)
    assert source.raw(table, "word") == [("good",)]


def test_a_broken_rule_and_a_text_that_cannot_be_converted_are_both_told(foreign: dict[str, Foreign]) -> None:
    source = foreign["WIN1252"]
    table = source.table()
    source.run(f"insert into public.{table.table} values (null, 'no key')")
    source.write(table, (b"a", b"\x81"), (b"b", b"good"))
    assert source.load(table).quarantined == 2
    assert [(position, rule) for position, _, _, _, rule, _ in source.rejected(table)] == [
        ("a", "not_convertible"),
        ("no key", "missing"),
    ]


def test_text_in_json_and_in_arrays_is_looked_at(foreign: dict[str, Foreign]) -> None:
    source = foreign["SQL_ASCII"]
    table = source.table(key_type="integer")
    source.run(f"alter table public.{table.table} add many text[], add note jsonb")
    bad, row = (
        "convert_from('\\xff', 'SQL_ASCII')",
        f"insert into public.{table.table} (id, many, note) values",
    )
    source.run(f"{row} (1, array['é'], '{{}}'), (2, array[{bad}], null), (3, null, to_jsonb({bad}))")
    assert source.load(table).quarantined == 2
    assert source.raw(table, "id, many") == [(1, ["é"])]
    assert [(position, column) for position, column, *_ in source.rejected(table)] == [
        ("2", "many"),
        ("3", "note"),
    ]


def test_column_that_is_not_brought_spoils_no_row(foreign: dict[str, Foreign]) -> None:
    source = foreign["SQL_ASCII"]
    table = source.table(leave=frozenset({"word"}))
    source.write(table, (b"a", b"\xff"))
    assert (source.load(table).inserted, source.raw(table, "id")) == (1, [("a",)])


@pytest.mark.parametrize("encoding", CODECS)
def test_keys_that_are_no_ascii_are_compared_and_followed(foreign: dict[str, Foreign], encoding: str) -> None:
    source, word = foreign[encoding], WORDS[encoding]
    table = source.table()
    stored = word.encode(CODECS[encoding])
    source.write(table, (stored, b"x"), (stored * 2, stored))
    assert source.load(table).inserted == 2
    assert sorted(source.raw(table)) == sorted([(word, "x"), (word * 2, word)])
    again = source.load(table)
    assert (again.inserted, again.updated, again.deleted) == (0, 0, 0)
    source.run(f"delete from public.{table.table} where word = 'x'")
    assert source.load(table).deleted == 1
    assert source.raw(table) == [(word * 2, word)]


@pytest.mark.parametrize("encoding", ["WIN1252", "SQL_ASCII"])
def test_what_is_set_aside_is_no_difference(foreign: dict[str, Foreign], encoding: str) -> None:
    source = foreign[encoding]
    table = source.table()
    source.write(table, (b"a", b"one"), (b"b", b"\x81"), ("é".encode(CODECS[encoding]), b"three"))
    assert source.load(table).quarantined == 1
    servers = Servers(
        {"source_postgres": source.reader}, source.loader, source.platform.connect("dbt_transformer")
    )
    with pytest.MonkeyPatch.context() as patch:
        declare(patch, [table])
        compared = reconcile_sources(servers, today(f"compared {encoding}"), schema="trusted_next")
    assert compared


@pytest.mark.parametrize("encoding", CODECS)
def test_names_of_tables_and_columns_are_converted(foreign: dict[str, Foreign], encoding: str) -> None:
    source = foreign[encoding]
    name = {"EUC_JP": "表"}.get(encoding, "Länder")
    source.run(SQL("create table public.{0} (id integer, {0} text)").format(Identifier(name)))
    source.run(SQL("insert into public.{} values (1, %s)").format(Identifier(name)), name)
    source.run(SQL("grant select on public.{} to elt_reader").format(Identifier(name)))
    raw = f"named_{encoding.lower()}"
    key = Column("id", "integer", required=True)
    declared = PostgresTable(
        name=raw,
        table=name,
        key=("id",),
        columns=(key, Column(name, "text")),
        watermark=None,
        strategy="full_refresh",
    )
    with pytest.MonkeyPatch.context() as patch:
        declare(patch, [declared])
        create_warehouse_tables(source.loader)
    source.load(declared)
    assert source.raw(declared, f'id, "{name}"') == [(1, name)]


def test_column_whose_name_is_no_text_is_left_out(foreign: dict[str, Foreign]) -> None:
    source = foreign["SQL_ASCII"]
    table = source.table(key_type="integer")
    rename = (
        f"execute format('alter table public.{table.table} add %I text', convert_from('\\xe9', 'SQL_ASCII'))"
    )
    source.run(f"do $$ begin {rename}; end $$")
    source.write(table, (1, b"one"))
    assert source.load(table).inserted == 1
    assert source.raw(table) == [(1, "one")]
    left_out = (
        "select column_name, action from ops.schema_changes where table_name = %s and action <> 'added'"
    )
    assert source.platform.query("elt_loader", left_out, table.raw)[-1][0] == r"\xe9"


def test_too_many_such_rows_stop_the_load_and_their_reasons_stay(foreign: dict[str, Foreign]) -> None:
    source = foreign["SQL_ASCII"]
    table = source.table(key_type="integer")
    source.run(
        f"insert into public.{table.table}"
        " select number, case when number > 40 then convert_from('\\xff', 'SQL_ASCII') else 'good' end"
        " from generate_series(1, 120) as number"
    )
    with pytest.raises(InputError, match=r"80 of the 120 rows .* word cannot be converted"):
        source.load(table)
    assert source.raw(table) == []


def of_bytes(encoding: str) -> st.SearchStrategy[bytes]:
    """Texts of the encoding as their bytes, and bytes that may mean nothing where the server takes them."""
    texts = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=6)
    known = st.lists(st.one_of(texts, st.sampled_from(WORDS[encoding]))).map("".join)
    anything = st.binary(max_size=6).map(lambda data: data.replace(b"\0", b""))
    if encoding == "EUC_JP":
        # Its server looks at the form of characters, not at whether there are such.
        anything = st.lists(st.binary(min_size=2, max_size=2).map(in_right_half), max_size=3).map(b"".join)
    return st.one_of(known.map(lambda text: text.encode(CODECS[encoding])), anything)


def in_right_half(data: bytes) -> bytes:
    return bytes(0xA1 + byte % 94 for byte in data)


@pytest.mark.parametrize("encoding", CODECS)
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_text_arrives_or_is_in_quarantine(foreign: dict[str, Foreign], encoding: str, data) -> None:
    source = foreign[encoding]
    words = data.draw(st.lists(of_bytes(encoding), min_size=1, max_size=8))
    table = source.table(key_type="integer")
    source.write(table, *enumerate(words))
    load = source.load(table)
    expected = {number: in_utf8(source, word) for number, word in enumerate(words)}
    held = {number: word for number, word in expected.items() if word is not None}
    assert dict(source.raw(table)) == held
    assert {int(position) for position, *_ in source.rejected(table)} == expected.keys() - held.keys()
    assert load.read == len(words) == load.inserted + load.quarantined


def in_utf8(source: Foreign, data: bytes) -> str | None:
    """Return what a server in UTF-8 reads in the bytes; None for nothing."""
    encoding = "UTF8" if source.encoding == "SQL_ASCII" else source.encoding
    with source.loader, source.loader.cursor() as cursor:
        try:
            cursor.execute("select convert_from(%s, %s)", (data, encoding))
            return cursor.fetchone()[0]
        except (CharacterNotInRepertoire, UntranslatableCharacter):
            source.loader.rollback()
            return None
