"""A company's PostgreSQL, brought into raw by a YAML file alone, and the comparison of both sides."""

from collections import Counter
from collections.abc import Collection, Iterable
from copy import deepcopy
from functools import cached_property
from pathlib import Path

import pytest
from bson.codec_options import DEFAULT_CODEC_OPTIONS
from psycopg2.extensions import connection as Connection
from psycopg2.sql import SQL, Composable, Identifier

from include import tables
from include.declarations import read_sources
from include.embedded.postgres import connect_as_admin
from include.extract_load import load_collection, load_table
from include.ops.load_runs import Load
from include.quality import reconcile
from include.run import Run
from include.schema.ddl import create_warehouse_tables
from include.specs import META_COLUMNS, ROW_HASH, MongoCollection, PostgresTable
from tests.integration.helpers.connections import autocommit
from tests.integration.helpers.loads import counts
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.own_sources.documents import DOCUMENTS, comparable, expected

FOLDER = Path(__file__).parent
DECLARED = {source.name: source for source in read_sources(FOLDER / "company.yml")}
TABLES = {name: source for name, source in DECLARED.items() if isinstance(source, PostgresTable)}
COLLECTIONS = {name: source for name, source in DECLARED.items() if isinstance(source, MongoCollection)}
# Both sides are shown in these words, whatever the servers' own are.
WORDS = "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres';"
WORDS += "set bytea_output = 'hex'; set extra_float_digits = 3"
OWN = {*META_COLUMNS, *(column.name for column in ROW_HASH), "_was_live"}
SELECT, LIVE = SQL("select {} from {} where {}"), "_deleted_at is null"
COLUMNS = """
select attname, format_type(atttypid, null) from pg_attribute
where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum
"""


class Company(Pipeline):
    """The company's database, loaded as elt_reader, and looked into and changed by its administrator."""

    batches = 0

    @cached_property
    def owner(self) -> Connection:
        env = self.platform.env
        connection = autocommit(connect_as_admin(env, int(env["SOURCE_PORT"]), env["SOURCE_DB"]))
        self.platform._open.callback(connection.close)
        return connection

    @cached_property
    def publisher(self) -> Connection:
        return self.platform.connect("dbt_transformer")

    def change(self, sql: str) -> None:
        """Change the source as its owner does."""
        with self.owner.cursor() as cursor:
            cursor.execute(sql)

    def create(self) -> None:
        """Create the company's tables and documents, and the raw tables that are declared for them."""
        self.change((FOLDER / "company.sql").read_text(encoding="utf-8"))
        for name, documents in DOCUMENTS.items():
            self.product[name].insert_many(deepcopy(documents))
        self.declare(*DECLARED.values())

    def declare(self, *sources: PostgresTable | MongoCollection) -> None:
        """Create the raw tables of the sources."""
        with pytest.MonkeyPatch.context() as patch:
            declare(patch, sources)
            create_warehouse_tables(self.loader)

    def load(self, table: PostgresTable) -> dict[str, int]:
        """Load the table as the next run; return the counts that are not 0."""
        return counts(self.load_whole(table))

    def load_whole(self, table: PostgresTable) -> Load:
        Company.batches += 1
        run = Run(self.batch(f"run {Company.batches}"))
        (load,) = load_table(self.reader, self.loader, table, run)
        return load

    def load_documents(self, collection: MongoCollection) -> dict[str, Load]:
        """Load the collection as the next run; return its loads by raw table."""
        Company.batches += 1
        run = Run(self.batch(f"run {Company.batches}"))
        return {load.table: load for load in load_collection(self.catalogue, self.loader, collection, run)}

    def assert_equal(self, table: PostgresTable, where: str = "true") -> None:
        """Compare every column of every row of raw with the source, where the condition holds there."""
        held = columns(self._warehouse_view, f"raw.{table.raw}")
        relation = Identifier(table.schema, table.table)
        found = columns(self.owner, relation.as_string(self.owner))
        stamp = {table.watermark} - {column.name for column in table.columns}
        # A name that the loader needs itself, or with a %, is left out and reported.
        left_out = {*table.leave, *OWN, *stamp, *(name for name in found if "%" in name)}
        if not table.follows:
            left_out |= found.keys() - {column.name for column in table.columns}
        names = [name for name in found if name not in left_out]
        assert held.keys() - OWN == {*names}
        shown = [SQL("{}::{}::text").format(Identifier(name), SQL(held[name])) for name in names]
        source = rows(self.owner, SELECT.format(SQL(", ").join(shown), relation, SQL(where)))
        shown = [SQL("{}::text").format(Identifier(name)) for name in names]
        ours = Identifier("raw", table.raw)
        raw = rows(self._warehouse_view, SELECT.format(SQL(", ").join(shown), ours, SQL(LIVE)))
        assert raw == source

    def assert_documents_equal(
        self, collection: MongoCollection, *, left_out: Collection[object] = ()
    ) -> None:
        """Compare every row of the collection's raw tables with what its documents say.

        `left_out` are the ids of those that raw must not hold.
        """
        found = self.product[collection.collection].with_options(codec_options=DEFAULT_CODEC_OPTIONS).find()
        wanted = expected(collection, [document for document in found if document["_id"] not in left_out])
        for table, rows in wanted.items():
            live = self.warehouse(f"select * from raw.{table} where _deleted_at is null")
            raw = [{name: row[name] for name in (rows[0] if rows else row)} for row in live]
            ours, theirs = Counter(map(comparable, raw)), Counter(map(comparable, rows))
            assert (table, ours - theirs, theirs - ours) == (table, Counter(), Counter())

    def reconcile(self, *sources: PostgresTable | MongoCollection) -> None:
        """Compare the sources with raw as the end of a run does."""
        servers = {"source_postgres": self.reader, "source_mongo": self.catalogue}
        with pytest.MonkeyPatch.context() as patch:
            declare(patch, sources)
            everybody = reconcile.Servers(servers, self.loader, self.publisher)
            reconcile.reconcile_sources(everybody, self.batch("compared"), schema="trusted_next")


def declare(patch: pytest.MonkeyPatch, sources: Iterable[PostgresTable | MongoCollection]) -> None:
    """Put the sources into the place of the product's."""
    found = tuple(sources)
    for module in (tables, reconcile):
        patch.setattr(module, "SOURCES", found)
    patch.setattr(tables, "POSTGRES_TABLES", tuple(s for s in found if isinstance(s, PostgresTable)))
    patch.setattr(tables, "MONGO_COLLECTIONS", tuple(s for s in found if isinstance(s, MongoCollection)))


def columns(connection: Connection, relation: str) -> dict[str, str]:
    """Return the types of a relation's columns by name."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, (relation,))
        return dict(cursor.fetchall())


def rows(connection: Connection, query: Composable) -> Counter[tuple]:
    """Return the query's rows and how often each comes."""
    with connection.cursor() as cursor:
        cursor.execute(WORDS)
        cursor.execute(query)
        return Counter(cursor.fetchall())
