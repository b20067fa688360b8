"""Which columns of tables each column of one query is made from. Only development uses this module.

sqlglot knows which column a name means, also in the queries inside. Its own `lineage` follows every column
that an expression names. Here a partition by makes no value, as a group by, and count(*) leads to rows.
"""

from collections.abc import Container, Iterator, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer import Scope, build_scope, find_all_in_scope
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from include.errors import LineageError

DIALECT = "postgres"
ROWS = "*"
PARTS = (exp.Column, exp.Count, exp.Query, exp.TableColumn)


class Query:
    """One query, with the columns of the tables that it may read."""

    def __init__(self, sql: str, tables: Mapping[str, Container[str]]) -> None:
        """Read the query. Raises LineageError for what sqlglot cannot read or resolve."""
        self._tables = tables
        try:
            self._scope = build_scope(_qualified(sql, tables))
        except SqlglotError as error:
            raise LineageError(str(error)) from error
        self.columns: list[str] = self._scope.expression.named_selects
        if ROWS in self.columns:
            raise LineageError("the columns of a `select *` are not known")

    def lineage(self) -> dict[str, set[str]]:
        """Return what each column is made from, and under ROWS where the rows come from.

        Raises LineageError for a column that no table is known to have.
        """
        values = {name: self._value(self._scope, place) for place, name in enumerate(self.columns)}
        return {**values, ROWS: self._rows(self._scope)}

    def _value(self, scope: Scope, place: int) -> set[str]:
        """Return what makes the column at the place, in all branches of a union."""
        if branches := scope.set_operation_scopes:
            return set().union(*(self._value(branch, place) for branch in branches))
        return set().union(*self._parts(scope, place))

    def _parts(self, scope: Scope, place: int) -> Iterator[set[str]]:
        """Yield what each column, count and query in an expression is made from."""
        inner = {id(one.expression): one for one in scope.subquery_scopes}
        for part in find_all_in_scope(scope.expression.selects[place], PARTS):
            match part:
                case exp.Column():
                    yield self._column(scope, part)
                case exp.Count(this=exp.Star()):
                    yield self._rows(scope)
                case exp.Query() if id(part) in inner:
                    yield from (self._value(inner[id(part)], n) for n in range(len(part.selects)))
                case exp.TableColumn():
                    raise LineageError(f"the whole row {part.name} as one value is not followed")

    def _column(self, scope: Scope, column: exp.Column) -> set[str]:
        name = column.name
        source = self._source(scope, column.table) if column.table else self._undescribed(scope, name)
        if isinstance(source, exp.Table):
            return {f"{_name(source)}.{name}"}
        return self._value(source, source.expression.named_selects.index(name))

    def _rows(self, scope: Scope) -> set[str]:
        """Return the tables whose rows a query has: those of `from`, which models name for their grain."""
        if branches := scope.set_operation_scopes:
            return set().union(*map(self._rows, branches))
        if not (origin := scope.expression.args.get("from_")):
            return set()
        source = self._source(scope, origin.this.alias_or_name)
        return {f"{_name(source)}.{ROWS}"} if isinstance(source, exp.Table) else self._rows(source)

    def _source(self, scope: Scope, alias: str) -> Scope | exp.Table:
        source = scope.sources.get(alias)
        is_query = isinstance(source, Scope) and isinstance(source.expression, exp.Query)
        if is_query or (isinstance(source, exp.Table) and source.db):
            return source
        raise LineageError(f"{alias} is no table with a schema and no query: it is not followed")

    def _undescribed(self, scope: Scope, column: str) -> exp.Table:
        """Return the table of a column that sqlglot could not place: the only one that `tables` has not."""
        sources = [source for _, source in scope.selected_sources.values() if isinstance(source, exp.Table)]
        unknown = [source for source in sources if _name(source) not in self._tables]
        if len(unknown) != 1:
            raise LineageError(f"it is not known of which table {column} is")
        return unknown[0]


def _qualified(sql: str, tables: Mapping[str, Container[str]]) -> exp.Expr:
    """Return the query with a table before every column, and without partitions of windows."""
    schema = MappingSchema({}, dialect=DIALECT, normalize=False)
    for table, names in tables.items():
        schema.add_table(exp.to_table(table), dict.fromkeys(names, "unknown"))
    tree = sqlglot.parse_one(sql, dialect=DIALECT)
    tree = qualify(tree, dialect=DIALECT, schema=schema, validate_qualify_columns=False)
    if any(select.args.get("windows") for select in tree.find_all(exp.Select)):
        raise LineageError("a clause `window` is not followed: write the window where it is used")
    if any(found.recursive for found in tree.find_all(exp.With)):
        raise LineageError("`with recursive` is not followed")
    for window in tree.find_all(exp.Window):
        window.set("partition_by", None)
    return tree


def _name(table: exp.Table) -> str:
    return f"{table.db}.{table.name}"
