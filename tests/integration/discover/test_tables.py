"""What is proposed for a company's PostgreSQL, and that it loads as it is printed."""

import pytest
from psycopg2.sql import SQL, Identifier

from include.discover import discover_tables, yaml_of
from include.extract_load import load_table
from include.tables import SOURCES
from tests.integration.discover.company import RUN, TABLES, admin_of_source, create_raw, declared

# What the product's own tables are called stays to see which names are taken.
FOREIGN = "drop table users; " + TABLES


@pytest.fixture(scope="module")
def source(warehouse):
    """The source as elt_reader sees it."""
    with admin_of_source(warehouse) as admin, admin.cursor() as cursor:
        cursor.execute(FOREIGN)
    admin.close()
    reader = warehouse.connect("elt_reader")
    reader.set_session(readonly=True)
    return reader


@pytest.fixture(scope="module")
def printed(source):
    return yaml_of(discover_tables(source, "source_postgres", SOURCES), "A heading,\nin one line")


@pytest.fixture(scope="module")
def entries(printed, tmp_path_factory):
    return declared(printed, tmp_path_factory.mktemp("sources"))


def about(printed: str, name: str) -> str:
    """Return the comment above an entry, and the entry."""
    (block,) = (block for block in printed.split("\n\n") if f"\n  {name}:\n" in f"\n{block}")
    return block


def test_everything_that_may_be_read_is_proposed_once(entries):
    assert {(entry.schema, entry.table): name for name, entry in entries.items()} == {
        ("public", "Order Lines"): "order_lines",
        ("public", "base"): "base",
        ("public", "derived"): "derived",
        ("public", "events"): "events",
        ("public", "secret"): "secret",
        ("public", "users"): "users_public",
        ("Odd Schema", "2024"): "t_2024",
        ("crm", "codes"): "codes",
        ("crm", "hosts"): "hosts",
        ("crm", "large"): "large",
        ("crm", "notes"): "notes",
        ("crm", "totals"): "totals",
        ("crm", "users"): "users_crm",
    }


def test_every_entry_loads_as_it_is_proposed(source, warehouse, entries):
    loader = warehouse.connect("elt_loader")
    # A load judges whole rows, so it needs a grant on the whole table.
    whole = list(entries.values())
    for entry in whole:
        create_raw(loader, entry)
        (load,) = load_table(source, loader, entry, RUN)
        with source, source.cursor() as cursor:
            relation = Identifier(entry.schema, entry.table)
            cursor.execute(SQL("select count(*) from {}").format(relation))
            (there,) = cursor.fetchone()
        assert (entry.name, load.read, load.inserted) == (entry.name, there, there)
        assert there > 0
        (again,) = load_table(source, loader, entry, RUN)
        assert (entry.name, again.inserted, again.updated, again.deleted) == (entry.name, 0, 0, 0)


def test_key_is_primary_else_unique_and_never_null_else_none(entries):
    assert {name: entry.key for name, entry in entries.items()} == {
        "order_lines": ("Order", "Line-No"),
        "base": ("id",),
        "derived": (),
        "events": ("day", "id"),
        "secret": ("id",),
        "users_public": ("id",),
        "t_2024": ("id",),
        "codes": ("code",),
        "hosts": (),
        "large": (),
        "notes": (),
        "totals": (),
        "users_crm": ("tenant", "number"),
    }


def test_watermark_is_a_stamp_of_a_known_name_with_its_zone(entries):
    stamps = {name: (entry.watermark, entry.time_zone) for name, entry in entries.items() if entry.watermark}
    assert stamps == {
        "base": ("updated_at", None),
        "events": ("modified", None),
        "users_public": ("last_update", None),
        "codes": ("changed_on", "UTC"),
        "users_crm": ("Modified On", "UTC"),
    }


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        (
            "users_public",
            [
                "public.users, a table: about 20 rows, 48 kB with its indexes",
                "key: id (the primary key)",
                "watermark: last_update (timestamp with time zone), by its name, never null",
                "not declared, they follow as text: home (inet), settings (json)",
                "doubt: the entry users of sources.yml does not fit this table",
            ],
        ),
        (
            "users_crm",
            [
                "may be null, such rows are read each time",
                "doubt: no index begins with Modified On",
                "doubt: no trigger sets Modified On: every writer must",
                "doubt: Modified On has no time zone: UTC is a guess",
                "not declared, they follow as text: valid (int4range)",
            ],
        ),
        ("codes", ["key: code (the unique index codes_code_key, never null)", "doubt: changed_on is a day"]),
        (
            "hosts",
            [
                "doubt: no key: read whole each time, rows known by hash",
                "the primary key hosts_pkey (address) has address inet, a type that cannot be a key",
                "the unique index hosts_label_key (label) would be a key if its columns were never null",
                "with a key, updated_at could be its watermark",
                "doubt: personal by its name, but cannot be marked: address",
            ],
        ),
        ("large", ["crm.large, a view\n", "doubt: the catalogue knows no key of a view"]),
        ("totals", ["crm.totals, a materialized view", "index totals_users (users) would be a key"]),
        ("events", ["public.events, a partitioned table: about 12 rows"]),
        ("base", ["doubt: tables inherit from it"]),
        ("derived", ["doubt: public.base has its rows too"]),
        ("secret", ["not read, for want of a grant on the column: hidden"]),
        ("order_lines", ["not read, since the loader cannot take a column of this name: Price %"]),
    ],
)
def test_reasons_and_doubts_stand_above_the_entry(printed, name, sentences):
    comment = about(printed, name)
    assert [sentence for sentence in sentences if sentence not in comment] == []


def test_index_and_trigger_leave_no_doubt(printed):
    assert "last_update:" not in about(printed, "users_public")
    assert "no index" not in about(printed, "events")


def test_columns_have_the_types_that_a_load_holds(entries):
    types = {column.name: column.type for column in entries["users_public"].columns}
    assert types == {
        "id": "bigint",
        "email": "text",
        "name": "text",
        "shout": "text",
        "tags": "text[]",
        "prices": "numeric[]",
        "photo": "bytea",
    }
    assert {column.name: column.type for column in entries["users_crm"].columns} == {
        "tenant": "uuid",
        "number": "integer",
        "segment": "text",
        "score": "integer",
    }


def test_personal_columns_are_marked_by_their_names(entries):
    marked = {(name, c.name) for name, entry in entries.items() for c in entry.columns if c.personal}
    assert marked == {("users_public", "email"), ("users_public", "name"), ("order_lines", "E-Mail")}


def test_what_is_not_proposed_is_named_with_the_way_out(printed):
    head = printed.partition("postgres:\n")[0].splitlines()
    assert head == [
        "# A heading,\ufffdin one line",
        "# Not proposed: public.viewing_sessions, which is declared already as viewing_sessions",
        "# Not proposed: hr.salaries, which elt_reader may not read. As the owner: grant usage on schema hr"
        " to elt_reader; grant select on hr.salaries to elt_reader",
    ]


def test_table_of_another_server_names_it_and_is_not_declared(source, tmp_path):
    entries = declared(yaml_of(discover_tables(source, "crm", SOURCES), "crm"), tmp_path)
    assert {entry.server for entry in entries.values()} == {"crm"}
    assert entries["viewing_sessions_public"].key == ("session_id",)
