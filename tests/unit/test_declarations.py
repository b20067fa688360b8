"""What sources.yml may say, and what it is told otherwise: the line, the place, and the way out."""

from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from include.declarations import read_sources
from include.errors import InputError
from include.specs import Column, MongoCollection, PostgresTable


def read(folder: Path, text: str) -> dict[str, PostgresTable | MongoCollection]:
    """Return the sources of a file with the text, by name."""
    file = folder / "sources.yml"
    file.write_text(dedent(text), encoding="utf-8")
    return {source.name: source for source in read_sources(file)}


def table(*lines: str) -> str:
    """Return an entry with the lines, which begin in the file's line 3."""
    return "\n".join(["postgres:", "  orders:", *(f"    {line}" for line in lines)])


def collection(*lines: str) -> str:
    return "\n".join(["mongo:", "  orders:", "    key: _id", *(f"    {line}" for line in lines)])


def test_little_is_needed(tmp_path: Path) -> None:
    found = read(tmp_path, "postgres: {orders: {}}\nmongo: {logs: {key: _id, columns: {_id: objectid}}}")
    orders, logs = found["orders"], found["logs"]
    assert (orders.server, orders.schema, orders.table, orders.raw) == (
        "source_postgres",
        "public",
        "orders",
        "postgres_orders",
    )
    assert (orders.key, orders.strategy, orders.watermark, orders.deletes) == (
        (),
        "full_refresh",
        None,
        "sweep",
    )
    assert (logs.server, logs.collection, logs.strategy) == ("source_mongo", "logs", "full_refresh")
    (kind,) = logs.kinds
    assert (kind.raw, kind.tag) == ("mongo_logs", None)
    assert kind.columns == (Column("_id", "text", required=True, bson="objectid"),)


def test_everything_can_be_said(tmp_path: Path) -> None:
    lines = ["server: erp", "schema: Sales Dept", "table: Orders", "raw: sales", "description: One an order."]
    lines += ["key: [Region, No]", "watermark: changed", "time_zone: Europe/Berlin", "overlap: 5 minutes"]
    lines += ["deletes: never", "others: leave", "leave: [secret]"]
    lines += ["columns: {Region: text, No: bigint, day: {type: date, maximum: 2099-12-31}, who: {type: text,"]
    lines += ["  personal: true}}"]
    (orders,) = read(tmp_path, table(*lines)).values()
    assert (orders.server, orders.schema, orders.table) == ("erp", "Sales Dept", "Orders")
    assert (orders.key, orders.watermark, orders.strategy) == (("Region", "No"), "changed", "incremental")
    assert (orders.time_zone, orders.overlap) == ("Europe/Berlin", timedelta(minutes=5))
    assert (orders.deletes, orders.follows, orders.leave) == ("never", False, {"secret"})
    assert orders.columns[2] == Column("day", "date", maximum="2099-12-31")
    assert orders.columns[3].personal


@pytest.mark.parametrize("text", ["", "# nothing\n", "postgres:\nmongo:\n", "{}"])
def test_file_may_declare_nothing(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == {}


def test_names_that_look_like_other_values_are_names(tmp_path: Path) -> None:
    lines = [
        "columns: {'no': text, yes: text, on: text, y: text, 'null': text, '5': text, '2024-01-01': text}"
    ]
    (orders,) = read(tmp_path, table(*lines)).values()
    assert [column.name for column in orders.columns] == ["no", "yes", "on", "y", "null", "5", "2024-01-01"]


KEY = "key: id"
TABLES = {
    # words
    ("kye: id",): (3, "orders.kye: is not known here; known are server, description, freshness, watermark"),
    (KEY, "columns: {id: varchar}"): (4, "orders.columns.id: 'varchar' is none of text, smallint"),
    (KEY, "columns: {id: {type: varchar}}"): (4, "orders.columns.id.type: 'varchar' is none of text"),
    (KEY, "columns: {id: {minimum: 3}}"): (4, "orders.columns.id: type must be given"),
    (KEY, "columns: {id: {type: text, path: a}}"): (
        4,
        "orders.columns.id.path: is not known here; known are",
    ),
    ("columns: 3",): (3, "orders.columns: must be names with values, and is 3"),
    ("columns:",): (3, "orders.columns: must be names with values, and is empty"),
    ("schema: 5",): (3, "orders.schema: must be text, and is 5"),
    ("description: ''",): (3, "orders.description: '' should be non-empty"),
    ("deletes: maybe",): (3, "orders.deletes: 'maybe' is none of sweep, never"),
    ("raw: Orders",): (3, "orders.raw: 'Orders' does not fit. Lower case letters, digits and _, 38 at most"),
    ("overlap: 5 parsecs",): (3, "'5 parsecs' does not fit. How far before .*, such as 5 minutes"),
    ("overlap: 9999999999 days",): (3, "orders.overlap: at most 36500 days; else declare full_refresh"),
    ("time_zone: Mars/Base",): (3, "orders.time_zone: Mars/Base is no time zone, such as UTC or"),
    # names
    (KEY, "columns: {id: integer, id: text}"): (4, "orders.columns.id: this name stands here twice"),
    ("columns:", "  id: text", "  at: text", "  id: text"): (
        6,
        "orders.columns.id: this name stands here twice",
    ),
    ("columns: {_batch_id: text}",): (3, "orders.columns._batch_id: this name is the loader's own"),
    ("columns: {_row_hash: text}",): (3, "_row_hash: this name is the loader's own"),
    ("columns: {_was_live: text}",): (3, "_was_live: this name is the loader's own"),
    ("columns: {ctid: text}",): (3, "ctid: every table of PostgreSQL has a column of this name already"),
    ("columns: {'': text}",): (3, "orders.columns.: a name has 1 to 63 bytes"),
    (f"columns: {{{'ä' * 32}: text}}",): (3, "a name has 1 to 63 bytes"),
    ("columns: {50 %: text}",): (
        3,
        "takes a % in a name for a parameter: leave the column out, or rename it",
    ),
    ("columns: {null: text}",): (3, "is no text: put the name in quotes"),
    # keys
    (KEY,): (3, "orders.key: id has no type: declare it under columns"),
    ("key: [id, at]", "columns: {id: text}"): (3, "orders.key: at has no type"),
    ("key: [id, id]", "columns: {id: text}"): (3, "orders.key: .* non-unique"),
    ("key: []",): (3, "orders.key: .* non-empty"),
    (KEY, "columns:", "  id: boolean"): (5, "orders.columns.id: a key is one of bigint, date, integer"),
    # what goes together
    (KEY, "leave: [id]", "columns: {id: text}"): (
        4,
        "orders.leave: id is declared: it is read, or it is left",
    ),
    ("watermark: at", "leave: [at]"): (4, "orders.leave: at is declared"),
    ("strategy: incremental", "watermark: at"): (3, "a table without a key is read whole: full_refresh"),
    (KEY, "columns: {id: text}", "strategy: incremental"): (5, "an incremental load needs a watermark"),
    # bounds
    ("columns: {at: {type: text, minimum: a}}",): (
        3,
        "only bigint, date, integer, numeric, smallint have bounds",
    ),
    ("columns: {at: {type: timestamptz, maximum: 3}}",): (3, "orders.columns.at: only bigint"),
    ("columns: {no: {type: integer, minimum: a}}",): (3, "columns.no: minimum: 'a' is no integer"),
    ("columns: {no: {type: integer, minimum: 1.5}}",): (3, "minimum: 1.5 is no integer"),
    ("columns: {no: {type: smallint, maximum: 99999}}",): (3, "maximum: 99999 is no smallint"),
    ("columns: {no: {type: numeric, maximum: .inf}}",): (3, "maximum: inf is no numeric"),
    ("columns: {no: {type: date, minimum: 5}}",): (3, "minimum: 5 is no date, such as 2024-12-31"),
    ("columns: {no: {type: date, minimum: 2024-02-30}}",): (3, "minimum: '2024-02-30' is no date"),
    ("columns: {no: {type: numeric, minimum: 2, maximum: 1}}",): (3, "minimum is above maximum"),
    # what is seeded
    ("file: a.csv", KEY, "columns: {id: text}", "server: erp"): (6, "what is seeded is on source_postgres"),
    ("file: a.csv", KEY, "columns: {id: text}", "server: source_mongo"): (6, "is on source_postgres"),
    ("file: a.csv", KEY, "columns: {id: text}", "table: b"): (6, "what is seeded has the name of its entry"),
    ("file: a.csv", KEY, "columns: {id: integer}"): (
        3,
        "in the schema public, and has one text column as key",
    ),
    ("file: a.csv", KEY, "columns: {id: text, line: text}"): (5, "columns.line: this name is the seed's own"),
    ("file: a.csv", KEY, "columns: {id: text}", "schema: x"): (3, "a seeded table is in the schema public"),
    ("file: a.csv", KEY, "columns: {id: text}", "watermark: at"): (
        6,
        "the platform sets created_at and updated",
    ),
}


@pytest.mark.parametrize("lines", TABLES, ids=", ".join)
def test_mistake_in_a_table_has_its_line_and_a_sentence(tmp_path: Path, lines: tuple[str, ...]) -> None:
    line, sentence = TABLES[lines]
    with pytest.raises(InputError, match=rf"sources\.yml, line {line}: postgres\..*{sentence}"):
        read(tmp_path, table(*lines))


ID = "columns: {_id: objectid}"
KINDS = "kinds: {a: {tag: a, columns: {_id: objectid}}, b: {tag: %s, columns: {_id: %s}}}"
COLLECTIONS = {
    (): (2, "must have either columns or kinds and discriminator, and not both"),
    (KINDS % ("b", "objectid"),): (2, "must have either columns or kinds and discriminator"),
    (ID, "discriminator: k", KINDS % ("b", "objectid")): (2, "must have either .*, and not both"),
    (ID, "discriminator: k"): (5, "orders.discriminator: it needs kinds"),
    ("discriminator: k", "raw: x", KINDS % ("b", "objectid")): (5, "raw: with kinds it belongs to each kind"),
    ("discriminator: k", KINDS % ("a", "objectid")): (5, "orders.kinds: two kinds have the same tag"),
    ("discriminator: k", KINDS % ("b", "text")): (5, "the key, _id, must have one type in all kinds"),
    ("columns: {a: text, _id: objectid}",): (4, "the first column must be the key, _id, without a path"),
    ("columns: {_id: {type: text, path: a}}",): (4, "the first column must be the key, _id, without a path"),
    ("columns: {_id: boolean}",): (4, "a key is one of bigint, extended_json, integer, objectid, text, uuid"),
    ("columns: {_id: objectid, day: date}",): (4, "columns.day: 'date' is none of text, integer, bigint"),
    ("columns: {_id: objectid, _document: text}",): (4, "_document: this name is the loader's own"),
    ("columns: {_id: objectid, a: {type: text, path: a..b}}",): (
        4,
        "'a..b' does not fit. Where the value is",
    ),
    ("columns: {_id: objectid, a: {type: jsonb, maximum: 3}}",): (4, "only bigint, .* have bounds"),
    (ID, "arrays: {a: {element: {name: e, type: text}}}"): (5, "orders.arrays.a: raw must be given"),
    (ID, "arrays: {a: {raw: x}}"): (5, "arrays.a: must have either element or columns, and not both"),
    (ID, "arrays: {a: {raw: x, columns: {}}}"): (5, "arrays.a.columns: .* non-empty"),
    (ID, "arrays: {a: {raw: X, element: {name: e, type: text}}}"): (
        5,
        "'X' does not fit. The raw table of the",
    ),
    (ID, "arrays: {a: {raw: x, element: {name: position, type: text}}}"): (
        5,
        "_id and position are columns of",
    ),
    (ID, "arrays: {a: {raw: x, position: e, element: {name: e, type: text}}}"): (
        5,
        "_id and e are columns of",
    ),
    (ID, "arrays: {a: {raw: x, position: xmin, element: {name: e, type: text}}}"): (
        5,
        "arrays.a.position: every table of PostgreSQL has a column of this name",
    ),
    (ID, "arrays: {a: {raw: mongo_orders, element: {name: e, type: text}}}"): (2, "fills raw.mongo_orders"),
    (ID, "file: a.json", "server: atlas"): (6, "orders.server: what is seeded is on source_mongo"),
    (ID, "file: a.json", "collection: other"): (6, "what is seeded has the name of its entry"),
}


@pytest.mark.parametrize("lines", COLLECTIONS, ids=", ".join)
def test_mistake_in_a_collection_has_its_line_and_a_sentence(tmp_path: Path, lines: tuple[str, ...]) -> None:
    line, sentence = COLLECTIONS[lines]
    with pytest.raises(InputError, match=rf"sources\.yml, line {line}: mongo\..*{sentence}"):
        read(tmp_path, collection(*lines))


ARRAY = "arrays: {tags: {raw: tags, element: {name: tag, type: text}}}"
FILES = {
    "postgres: 3": (1, "postgres: must be names with values or empty, and is 3"),
    "tables: {}": (1, "tables: is not known here; known are postgres, mongo"),
    "postgres:\n  orders:": (2, "postgres.orders: must be names with values, and is empty"),
    "postgres:\n  Orders: {}": (2, "postgres.Orders: 'Orders' does not fit. Lower case letters"),
    "postgres:\n  a: {}\n  b: {}\n  a: {}": (4, "postgres.a: this name stands here twice"),
    "postgres:\n  a: {}\nmongo:\n  a: {key: _id, columns: {_id: text}}": (4, "two entries have this name"),
    "postgres:\n  a: {raw: x}\n  b: {raw: x}": (
        3,
        "another entry fills raw.x: give this one a raw of its own",
    ),
    "postgres:\n  a: {raw: mongo_c}\nmongo:\n  c: {key: _id, columns: {_id: text}}": (4, "fills raw.mongo_c"),
    "postgres:\n  a: {raw: mongo_c}\nmongo:\n  c: {key: _id, discriminator: k, kinds: {k: {tag: k, columns:"
    " {_id: text}}}}": (4, "the loads of another entry are recorded as mongo_c: rename one"),
    # Each load would delete the elements of the other collection.
    "mongo:\n  a: {key: _id, columns: {_id: text}, "
    + ARRAY
    + "}\n  b: {key: _id, columns: {_id: text}, "
    + ARRAY
    + "}": (3, "mongo.b: another entry fills raw.tags"),
}


@pytest.mark.parametrize("text", FILES)
def test_mistake_in_the_file_has_its_line_and_a_sentence(tmp_path: Path, text: str) -> None:
    line, sentence = FILES[text]
    with pytest.raises(InputError, match=rf"sources\.yml, line {line}: .*{sentence}"):
        read(tmp_path, text)


def test_kinds_may_share_a_table_for_equal_arrays(tmp_path: Path) -> None:
    kind = "{tag: %s, columns: {_id: text}, " + ARRAY + "}"
    text = f"mongo:\n  c: {{key: _id, discriminator: k, kinds: {{a: {kind % 'a'}, b: {kind % 'b'}}}}}"
    (found,) = read(tmp_path, text).values()
    assert [raw.raw for raw in found.raw_tables] == ["mongo_a", "mongo_b", "tags"]
    with pytest.raises(InputError, match=r"another entry fills raw\.tags"):
        read(tmp_path, text[::-1].replace("txet", "regetni", 1)[::-1])


LENGTHS = {
    "a: {type: integer, max_bytes: 3}": "only extended_json and text have a length",
    "a: {type: text, max_bytes: 0}": "0 is less than the minimum of 1|max_bytes",
    "id: {type: text, max_bytes: 2001}": "the texts of a key have at most 2000 bytes together",
    "id: {type: text, max_bytes: x}": "max_bytes: must be a whole number|max_bytes",
}


@pytest.mark.parametrize("column", LENGTHS)
def test_length_that_cannot_be_is_refused(tmp_path: Path, column: str) -> None:
    columns = column if column.startswith("id") else f"id: text, {column}"
    with pytest.raises(InputError, match=rf"sources\.yml, line 4: postgres\.orders.*({LENGTHS[column]})"):
        read(tmp_path, table(KEY, f"columns: {{{columns}}}"))


@pytest.mark.parametrize(
    ("columns", "lengths"),
    [
        ("{a: text, b: text, c: text}", [2000, None, None]),
        ("{a: {type: text, max_bytes: 90}, b: {type: text, max_bytes: 99999}, c: text}", [90, 99999, None]),
        ("{a: text, b: text, c: text}", [1000, 1000, None]),
        ("{a: {type: text, max_bytes: 500}, b: text, c: text}", [500, 750, 750]),
        ("{a: text, b: integer, c: uuid}", [2000, None, None]),
    ],
)
def test_texts_of_a_key_share_what_an_index_bears(
    tmp_path: Path, columns: str, lengths: list[int | None]
) -> None:
    keys = {1: "[a]", 2: "[a, b]", 3: "[a, b, c]"}
    of_key = {(2000, None, None): 1, (90, 99999, None): 1, (1000, 1000, None): 2, (500, 750, 750): 3}
    key = keys[3 if "uuid" in columns else of_key[tuple(lengths)]]
    (orders,) = read(tmp_path, table(f"key: {key}", f"columns: {columns}")).values()
    assert [column.max_bytes for column in orders.columns] == lengths


def test_every_text_of_the_product_has_a_bound_that_its_indexes_bear() -> None:
    texts = [
        column
        for source in read_sources()
        for table in source.raw_tables
        for column in table.raw_columns
        if column.type == "text"
    ]
    assert len(texts) >= 12
    # Some marts have two of them in one index, whose entries have 2,704 bytes.
    assert {column.max_bytes for column in texts if column.name != "title"} == {1000}
    assert {column.max_bytes for column in texts if column.name == "title"} == {10000}
