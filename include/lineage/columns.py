"""The edges between the columns of models: each model's own, one query after the other."""

from collections.abc import Mapping, Sequence

from include.errors import LineageError
from include.lineage.paths import Edges
from include.lineage.query import Query


def column_lineage(compiled: Mapping[str, str], columns: Mapping[str, Sequence[str]]) -> Edges:
    """Return what each column of each model is directly made from; a constant from nothing.

    `compiled` has the SQL of the models by schema.table, in the order in which they are built; `columns` has
    those of tables that no model makes. A table that neither has may be asked for any column by name. Raises
    LineageError, with the model, for a column that is not there and for SQL that cannot be followed.
    """
    edges: Edges = {}
    tables = dict(columns)
    for model, sql in compiled.items():
        try:
            query = Query(sql, tables)
            edges |= {f"{model}.{name}": made_from for name, made_from in query.lineage().items()}
        except LineageError as error:
            raise LineageError(f"{model} cannot be followed: {error}") from error
        tables[model] = query.columns
    return edges
