"""A 64-bit hash of a row, as SQL: equal rows have equal hashes in every database.

Values are hashed as their types compare them, so that what PostgreSQL calls equal is equal here: 1.5 and
1.50, 0 and -0.0, jsonb with other blanks. Each column has a seed of its own; the key is one of the columns,
so a value that moved to another row or column changes the sum over the rows. The session's time zone must be
UTC and its other words those of every load, since moments and values of further types become texts.

Example: of ('U1', 'Peru') and ('U2', 'Chile') to ('U1', 'Chile') and ('U2', 'Peru') no column's values
change as a set, and the sum of the rows' hashes does.
"""

from collections.abc import Mapping

from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

# {0} is the value, {1} the seed. All are there since PostgreSQL 11.
TEXT = 'hashtextextended({0} collate "C", {1})'
# The same where {0} has other bytes in UTF-8. PostgreSQL hashes bytes alone under other names in each
# version, but an array always alike: 31, plus the hash of its only element.
BYTES = """
case when {0} is not null then hash_array_extended(array[convert_to({0}, 'UTF8')], {1}) - 31 end
"""
# What `::timestamp` says in UTC, in a quarter of its time: it looks up no zone.
MOMENT = "timestamp_hash_extended({0} at time zone interval '0', {1})"
# A date may lie beyond the last timestamp.
MOMENT_OF_DATE = (
    "case when {0} <= '294276-12-31' then {0}::timestamp when {0} is not null then 'infinity' end"
)
# PostgreSQL's own hash of jsonb does not see where an inner array or object ends, [[1], 2] and [[1, 2]], and
# that of arrays neither bounds nor dimensions nor which of its values are NaN. The text shows them; without
# points and zeros it is the same for 1.5 and 1.50, and for 0 and -0. (translate() takes ten times as long.)
SHAPE = """
hashtextextended(replace(replace(replace({0}::text collate "C", '-0', ''), '.', ''), '0', ''), {1})
"""
BOUNDS = 'hashtextextended(array_dims({0}) collate "C", {1})'
# Type -> its hash; of other types it is that of the text.
HASHES = {
    "smallint": "hashint2extended({0}, {1})",
    "integer": "hashint4extended({0}, {1})",
    "bigint": "hashint8extended({0}, {1})",
    # Of NaN and of infinities it is the seed.
    "numeric": "coalesce(nullif(hash_numeric_extended({0}, {1}), {1}), hashtextextended({0}::text, {1}))",
    "real": "hashfloat4extended({0}, {1})",
    "double precision": "hashfloat8extended({0}, {1})",
    "timestamp without time zone": "timestamp_hash_extended({0}, {1})",
    "timestamp with time zone": MOMENT,
    "timestamptz": MOMENT,
    "date": f"timestamp_hash_extended({MOMENT_OF_DATE}, {{1}})",
    "jsonb": f"(jsonb_hash_extended({{0}}, {{1}}) # {SHAPE})",
}
# Texts of arrays differ where arrays are equal: {1.5} and {1.50}. An empty one has no bounds.
ARRAY = f"(hash_array_extended({{0}}, {{1}}) # {SHAPE} # coalesce({BOUNDS}, 0))"


def row_hash(columns: Mapping[str, str], *, is_utf8: bool = True) -> Composed:
    """Return the expression for the hash of a row; `columns` are its columns with their types in raw.

    On a server that is not `is_utf8` texts are hashed with the bytes that they have in UTF-8.
    """
    # In whatever order they are declared.
    named = sorted(columns.items())
    return SQL(" # ").join(_hash(name, type_, seed, is_utf8) for seed, (name, type_) in enumerate(named, 1))


def hashable(columns: Mapping[str, str], *, is_utf8: bool) -> dict[str, str]:
    """Return the columns whose values another server hashes alike."""
    # The strings inside cannot be converted in place.
    unlike = set() if is_utf8 else {"jsonb", "jsonb[]"}
    return {name: type_ for name, type_ in columns.items() if type_ not in unlike}


def text_hash(text: Composable, seed: int = 0, *, is_utf8: bool = True) -> Composed:
    """Return the expression for the hash of a text, of the bytes that it has in UTF-8."""
    if is_utf8:
        return SQL(TEXT).format(SQL("{}::text").format(text), Literal(seed))
    return SQL(BYTES).format(SQL("{}::text").format(text), Literal(seed))


def _hash(name: str, type_: str, seed: int, is_utf8: bool) -> Composed:
    """Return the expression for the hash of one value; for null one that is nothing's."""
    value = SQL("{}::{}").format(Identifier(name), SQL(type_))
    if type_ in HASHES:
        hashed = SQL(HASHES[type_]).format(value, Literal(seed))
    elif type_.endswith("[]") and type_ != "text[]":
        hashed = SQL(ARRAY).format(value, Literal(seed))
    else:
        hashed = text_hash(value, seed, is_utf8=is_utf8)
    return SQL("coalesce({}, {})").format(hashed, Literal(-seed))
