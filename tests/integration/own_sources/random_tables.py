"""Made-up tables of any shape: names, types, keys, stamps, kinds of relation, rows, and what happens to them.

Everything follows from the random generator that is passed in, so a seed is a case.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from include.specs import Column, PostgresTable

NAMES = [
    "id",
    "ID",
    "Größe",
    "two words",
    'with "quotes"',
    "select",
    "user",
    "key",
    "row",
    "source",
    "target",
]
NAMES += [
    "stage",
    "value",
    "number",
    "_key",
    "{}",
    "back\\slash",
    "o'clock",
    "hashed",
    "live",
    "as",
    "x" * 63,
    "a.b",
]
NAMES += [
    "read",
    "came",
    "changed",
    "problem",
    "detail",
    "left_side",
    "_id",
    "relation",
    "step",
    "found",
    "$1",
]
# Type at the source -> its name in sources.yml (None: cannot be declared but as text) and some values.
TEXTS = ["''", "' '", "'a'", "'A'", "'ü, \"x\"'", "'(a)'", "'\\'", "E'tab\\t'", "'%s'", "'null'", "'a '"]
NUMBERS = ["0", "1", "-1", "32767", "12"]
DATES = ["'2024-01-01'", "'0044-03-15 BC'", "'infinity'", "'-infinity'", "'5874897-12-31'", "'1970-01-01'"]
MOMENTS = ["'2024-03-31 02:30+02'", "'infinity'", "'0001-01-01 00:00+00'", "'2024-01-01 00:00:00.000001+14'"]
UUIDS = ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'00000000-0000-0000-0000-000000000000'"]
TYPES: dict[str, tuple[str | None, list[str]]] = {
    "text": ("text", TEXTS),
    "varchar(20)": ("text", TEXTS),
    "char(4)": ("text", ["''", "'a'", "'ab '", "'ü'"]),
    "smallint": ("smallint", NUMBERS),
    "integer": ("integer", [*NUMBERS, "2147483647", "-2147483648"]),
    "bigint": ("bigint", [*NUMBERS, "9223372036854775807", "-9223372036854775808"]),
    "numeric": (
        "numeric",
        [*NUMBERS, "1.0", "1.50", "1e100", "-0.00000000001", "'NaN'", "'Infinity'", "'-Infinity'"],
    ),
    "numeric(8,2)": ("numeric", [*NUMBERS, "1.50", "-999999.99", "'NaN'"]),
    "real": ("real", ["0.1", "'NaN'", "'-Infinity'", "-0.0", "1e-45"]),
    "double precision": ("double precision", ["0.1", "'NaN'", "'Infinity'", "0", "5e-324", "1e308"]),
    "boolean": ("boolean", ["true", "false"]),
    "date": ("date", DATES),
    "time": ("time", ["'00:00'", "'24:00'", "'12:34:56.789'"]),
    "timestamp": ("timestamp", ["'2024-01-01 12:00'", "'infinity'", "'4713-01-01 BC'", "'294276-12-31'"]),
    "timestamptz": ("timestamptz", MOMENTS),
    "uuid": ("uuid", UUIDS),
    "bytea": ("bytea", [r"'\x00ff'", "''"]),
    "jsonb": ("jsonb", ["'{}'", "'null'", "'{\"a\": [1, 2.50]}'", "'\"text\"'"]),
    "json": (None, ["'{\"a\":  1}'", "'null'", '\'{"a": "\\u0000"}\'']),
    "interval": ("text", ["'1 year 2 days'", "'-01:00'"]),
    "inet": ("text", ["'10.0.0.1/8'", "'::1'"]),
    "money": ("numeric", ["'12.34'", "'-0.01'", "'0'"]),
    "timetz": ("text", ["'12:00+05:30'"]),
    "bit(3)": ("text", ["B'101'"]),
    "int4range": ("text", ["'[1,5)'", "'empty'"]),
    "point": (None, ["'(0.1,-3)'", "'(NaN,0)'"]),
    "text[]": ("text[]", ["'{}'", '\'{a,NULL,"b c","NULL"}\'', "'{{a,b},{c,d}}'"]),
    "integer[]": ("integer[]", ["'{}'", "'{1,NULL}'", "'[5:6]={1,2}'"]),
    "numeric[]": ("numeric[]", ["'{NaN,1.50}'", "'{}'"]),
    "timestamptz[]": ("timestamptz[]", ["'{infinity,2024-01-01 00:00+03}'"]),
    "char(3)[]": ("text[]", ["'{a,bcd}'"]),
    "interval[]": ("text", ["'{1 day,NULL}'"]),
    "grade": ("text", ["'low'", "'(high)'"]),
    "grade[]": ("text[]", ["'{low,\"(high)\"}'"]),
    "share": ("numeric", ["0.5", "1"]),
    "small_share": ("numeric", ["0.25", "0"]),
    "mails": ("text[]", ["'{a@b,NULL}'", "'{}'"]),
    "place": (None, ["'(\"a, b\",1)'", "'(,)'"]),
}
# In the order in which they need each other.
MAKE_TYPES = """
create type {schema}.grade as enum ('low', '(high)');
create domain {schema}.share as numeric(4, 3) check (value >= 0);
create domain {schema}.small_share as {schema}.share check (value < 1);
create domain {schema}.mail as text;
create domain {schema}.mails as {schema}.mail[];
create type {schema}.place as (name text, number integer);
"""
KEYS = {"text", "smallint", "integer", "bigint", "numeric", "date", "timestamp", "timestamptz", "uuid"}
STAMPS = {
    "timestamptz": "now()",
    "timestamp": "(now() at time zone 'Asia/Tokyo')",
    "date": "(now() at time zone 'Asia/Tokyo')::date",
}
NOT_HASHED = {"money", "bit(3)"}
RELATIONS = ["table", "table", "table", "partitioned", "view", "materialized view"]


@dataclass
class RandomTable:
    """A table in a schema of its own: its columns with their types, key, stamp, and how it is declared."""

    random: Random
    schema: str
    columns: dict[str, str]
    key: tuple[str, ...]
    stamp: str | None
    stamp_type: str
    relation: str
    declared: PostgresTable
    # Whether all rows must have a key.
    is_key_required: bool

    @property
    def base(self) -> str:
        """The name of the table under a view, else of the table itself."""
        return "base" if "view" in self.relation else self.declared.table

    def create(self) -> list[str]:
        """Return the statements that make the table and its first rows."""
        columns = [f"{quoted(name)} {self._typed(type_)}" for name, type_ in self.columns.items()]
        if self.stamp:
            required = " not null" if self.random.random() < 0.5 else ""
            columns.append(
                f"{quoted(self.stamp)} {self.stamp_type} default {STAMPS[self.stamp_type]}{required}"
            )
        key = ", ".join(map(quoted, self.key))
        by = ""
        if self.key:
            columns.append(f"{'primary key' if self.is_key_required else 'unique'} ({key})")
        if self.relation == "partitioned":
            by = f" partition by hash ({quoted(self.key[0])})"
        schema = quoted(self.schema)
        made = [f"create schema {schema}", MAKE_TYPES.format(schema=schema)]
        made.append(f"create table {schema}.{quoted(self.base)} ({', '.join(columns)}){by}")
        if by:
            made += [
                f"create table {schema}.part{n} partition of {schema}.{quoted(self.base)}"
                f" for values with (modulus 2, remainder {n})"
                for n in (0, 1)
            ]
        made += self.insert(self.random.choice([0, 1, 5, 30]))
        if self.base != self.declared.table:
            view = f"{schema}.{quoted(self.declared.table)}"
            made.append(f"create {self.relation} {view} as select * from {schema}.base")
        made.append(f"grant usage on schema {schema} to elt_reader")
        made.append(f"grant select on all tables in schema {schema} to elt_reader")
        return made

    def change(self) -> list[str]:
        """Return statements that change some rows, of all kinds and none."""
        relation = f"{quoted(self.schema)}.{quoted(self.base)}"
        changes = self.insert(self.random.choice([0, 1, 4]))
        # ctid alone names a row of each partition.
        row, count = "(tableoid, ctid)", self.random.choice([1, 3])
        some = f"where {row} in (select tableoid, ctid from {relation} order by 2 limit {count})"
        for name, type_ in self.columns.items():
            if name not in self.key and self.random.random() < 0.3:
                stamp = f", {quoted(self.stamp)} = {STAMPS[self.stamp_type]}" if self.stamp else ""
                changes.append(f"update {relation} set {quoted(name)} = {self._value(type_)}{stamp} {some}")
        for name in self.key:
            value = self._value(self.columns[name], is_key=True)
            change = f"update {relation} set {quoted(name)} = {value}"
            stamp = f", {quoted(self.stamp)} = {STAMPS[self.stamp_type]}" if self.stamp else ""
            one = f"where {row} in (select tableoid, ctid from {relation} order by 2 desc limit 1)"
            changes.append(
                f"do $do$ begin {change}{stamp} {one}; exception when unique_violation then end $do$"
            )
        if self.random.random() < 0.5:
            changes.append(f"delete from {relation} {some}")
        if "view" not in self.relation and self.declared.follows and self.random.random() < 0.3:
            changes += self._new_column(relation)
        if self.relation == "materialized view":
            changes.append(f"refresh materialized view {quoted(self.schema)}.{quoted(self.declared.table)}")
        return changes

    def _new_column(self, relation: str) -> list[str]:
        free = [name for name in NAMES if name not in self.columns]
        name, type_ = self.random.choice(free), self.random.choice(list(TYPES))
        default = self.random.choice(TYPES[type_][1])
        self.columns[name] = type_
        return [f"alter table {relation} add column {quoted(name)} {self._typed(type_)} default {default}"]

    def insert(self, count: int) -> list[str]:
        relation = f"{quoted(self.schema)}.{quoted(self.base)}"
        if not self.columns:
            return [f"insert into {relation} default values"] * count
        names = ", ".join(map(quoted, self.columns))
        rows = []
        for _ in range(count):
            values = [self._value(type_, name in self.key) for name, type_ in self.columns.items()]
            rows.append(
                f"insert into {relation} ({names}) values ({', '.join(values)}) on conflict do nothing"
            )
        return rows

    def has_key(self) -> str:
        """Return the condition for rows that can be loaded."""
        return " and ".join(f"{quoted(name)} is not null" for name in self.key) or "true"

    def _value(self, type_: str, is_key: bool = False) -> str:
        null_share = 0.0 if is_key and self.is_key_required else 0.15
        if self.random.random() < null_share:
            return "null"
        if is_key and type_ in ("integer", "bigint"):
            return str(self.random.randrange(60))
        return self.random.choice(TYPES[type_][1])

    def _typed(self, type_: str) -> str:
        own = {"grade", "grade[]", "share", "small_share", "mails", "place"}
        return f"{quoted(self.schema)}.{type_}" if type_ in own else type_


def random_table(seed: int) -> RandomTable:
    """Return the table of a seed."""
    random = Random(seed)
    names = random.sample(NAMES, random.randint(1, 9))
    columns = {name: random.choice(list(TYPES)) for name in names}
    key = _key(random, columns)
    stamp_type = random.choice(list(STAMPS))
    stamp = random.choice([None, "Changed At", "updated_at"])
    relation = random.choice(
        RELATIONS
        if key and columns[key[0]] not in NOT_HASHED
        else [found for found in RELATIONS if found != "partitioned"]
    )
    is_required = relation == "partitioned" or random.random() < 0.7
    declared = _declared(random, seed, columns, key)
    whole = not stamp or not key or random.random() < 0.2
    declared = replace(
        declared,
        watermark=stamp,
        strategy="full_refresh" if whole else "incremental",
        time_zone="Asia/Tokyo" if stamp_type != "timestamptz" else None,
    )
    return RandomTable(
        random, declared.schema, columns, key, stamp, stamp_type, relation, declared, is_required
    )


def _key(random: Random, columns: dict[str, str]) -> tuple[str, ...]:
    able = [name for name, type_ in columns.items() if TYPES[type_][0] in KEYS and _has_equality(type_)]
    return tuple(random.sample(able, min(len(able), random.choice([0, 1, 1, 2, 3]))))


def _has_equality(type_: str) -> bool:
    return type_ not in ("json", "point")


def _declared(random: Random, seed: int, columns: dict[str, str], key: tuple[str, ...]) -> PostgresTable:
    """Declare the key, and other columns as it happens."""
    found = []
    for name, type_ in columns.items():
        wanted = TYPES[type_][0]
        if name in key or (wanted and random.random() < 0.5):
            found.append(Column(name, wanted, required=name in key))
    rest = [name for name in columns if name not in {column.name for column in found}]
    return PostgresTable(
        name=f"random_{seed}",
        schema=f"Schema {seed} %",
        table=random.choice(["things", "Things & more", 'a "b" %', "select"]),
        key=key,
        columns=tuple(found),
        follows=random.random() < 0.8 or not found,
        leave=frozenset(rest[:1] if random.random() < 0.2 and len(rest) > 1 else ()),
        overlap=timedelta(0) if random.random() < 0.5 else timedelta(minutes=1),
    )


def quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
