"""A model as TMDL. Format: https://learn.microsoft.com/analysis-services/tmdl/tmdl-overview."""

import re
from collections.abc import Iterator

from powerbi.generate.ids import guid
from powerbi.generate.model import Column, Measure, Model, Relationship, Role, Settings, Table
from powerbi.generate.queries import PARAMETERS, RANGE, is_by_days, query

# What a name may have without quotes.
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What names of files may not have on Windows, and the sign that stands for it.
FORBIDDEN = re.compile(r'[<>:"/\\|?*%]')
DATABASE = "database\n\tcompatibilityLevel: 1601\n"
MODEL = """model Model
	culture: en-US
	defaultPowerBIDataSourceVersion: powerBI_V3
	discourageImplicitMeasures
	sourceQueryCulture: en-US
	dataAccessOptions
		legacyRedirects
		returnErrorValuesAsNull

annotation __PBI_TimeIntelligenceEnabled = 0

"""
PARAMETER = """/// {description}
expression {name} = {value} meta [IsParameterQuery=true, Type="{kind}", IsParameterQueryRequired=true]
	lineageTag: {tag}

	annotation PBI_ResultType = {kind}
"""


def files(model: Model) -> dict[str, str]:
    """Return the files of the semantic model's folder `definition`, by their paths in it."""
    return {
        "database.tmdl": DATABASE,
        "model.tmdl": MODEL + "".join(f"{line}\n" for line in _refs(model)),
        "expressions.tmdl": "\n".join(_parameters(model.settings)),
        "relationships.tmdl": "\n".join(map(_relationship, model.relationships)),
        **{f"tables/{file_name(one.name)}": _table(one, model.settings) for one in model.tables},
        **{f"roles/{file_name(one.name)}": _role(one) for one in model.roles},
    }


def quoted(name: str) -> str:
    """Return a name as TMDL writes it."""
    return name if PLAIN.fullmatch(name) else "'" + name.replace("'", "''") + "'"


def file_name(name: str) -> str:
    """Return the name of an object's file: what Windows refuses in it as in addresses, `%2F` for a slash."""
    return FORBIDDEN.sub(lambda sign: f"%{ord(sign[0]):02X}", name) + ".tmdl"


def _refs(model: Model) -> Iterator[str]:
    yield from (f"ref table {quoted(one.name)}" for one in model.tables)
    yield ""
    yield from (f"ref role {quoted(one.name)}" for one in model.roles)


def _parameters(settings: Settings) -> Iterator[str]:
    for name, (value, description) in PARAMETERS.items():
        yield PARAMETER.format(
            name=name, value=f'"{value}"', kind="Text", description=description, tag=guid("expression", name)
        )
    for name, (value, description) in RANGE.items() if settings.mode == "import" else ():
        yield PARAMETER.format(
            name=name, value=value, kind="DateTime", description=description, tag=guid("expression", name)
        )


def _relationship(one: Relationship) -> str:
    tag = guid("relationship", one.from_table, one.from_column, one.to_table, one.to_column)
    start = f"{quoted(one.from_table)}.{quoted(one.from_column)}"
    end = f"{quoted(one.to_table)}.{quoted(one.to_column)}"
    return f"relationship {tag}\n\tfromColumn: {start}\n\ttoColumn: {end}\n"


def _role(role: Role) -> str:
    filters = (f"\ttablePermission {quoted(name)} = {dax}\n" for name, dax in role.filters.items())
    return f"role {quoted(role.name)}\n\tmodelPermission: read\n\n" + "\n".join(filters)


def _table(table: Table, settings: Settings) -> str:
    head = [
        *_described(table.description),
        f"table {quoted(table.name)}",
        f"\tlineageTag: {guid('table', table.name)}",
    ]
    parts = [
        [*head, "\tdataCategory: Time"] if table.is_calendar else head,
        *([_policy(table, settings)] if is_by_days(table, settings) else ()),
        *(_measure(one) for one in table.measures),
        *(_column(table, one) for one in table.columns),
        *(_hierarchy(table, name, levels) for name, levels in table.hierarchies.items()),
        _partition(table, settings),
        ["\tannotation PBI_ResultType = Table"],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _described(text: str, depth: int = 0) -> list[str]:
    return [f"{_tabs(depth)}/// {' '.join(text.split())}"]


def _expression(head: str, text: str, depth: int) -> list[str]:
    """Return a property with an expression: beside it, or below it and deeper where it has several lines."""
    if "\n" not in text:
        return [f"{head} {text}"]
    return [head, *(f"{_tabs(depth)}{line}" for line in text.split("\n"))]


def _measure(measure: Measure) -> list[str]:
    return [
        *_described(measure.description, 1),
        *_expression(f"\tmeasure {quoted(measure.name)} =", measure.dax, 3),
        f"\t\tformatString: {measure.format}",
        f"\t\tdisplayFolder: {measure.folder}",
        f"\t\tlineageTag: {guid('measure', measure.name)}",
    ]


def _column(table: Table, column: Column) -> list[str]:
    head = f"\tcolumn {quoted(column.name)}"
    lines = _described(column.description, 1)
    lines += _expression(f"{head} =", column.dax, 3) if column.dax else [head]
    lines += [f"\t\tdataType: {column.data_type}"]
    if column.is_hidden:
        lines += ["\t\tisHidden"]
    if column.is_hidden and not column.is_attribute:
        lines += ["\t\tisAvailableInMdx: false"]
    if column.is_key:
        lines += ["\t\tisKey"]
    if column.format:
        lines += [f"\t\tformatString: {column.format}"]
    lines += [f"\t\tlineageTag: {guid('column', table.name, column.name)}"]
    if column.category:
        lines += [f"\t\tdataCategory: {column.category}"]
    lines += ["\t\tsummarizeBy: none"]
    if column.source:
        lines += [f"\t\tsourceColumn: {column.source}"]
    if column.sort_by:
        lines += [f"\t\tsortByColumn: {quoted(column.sort_by)}"]
    return [*lines, "", "\t\tannotation SummarizationSetBy = User"]


def _hierarchy(table: Table, name: str, levels: tuple[str, ...]) -> list[str]:
    lines = [f"\thierarchy {quoted(name)}", f"\t\tlineageTag: {guid('hierarchy', table.name, name)}"]
    for level in levels:
        tag = guid("level", table.name, name, level)
        lines += [
            "",
            f"\t\tlevel {quoted(level)}",
            f"\t\t\tlineageTag: {tag}",
            f"\t\t\tcolumn: {quoted(level)}",
        ]
    return lines


def _partition(table: Table, settings: Settings) -> list[str]:
    mode = settings.mode if table.source else "import"
    head = [f"\tpartition {quoted(table.name)} = m", f"\t\tmode: {mode}"]
    return [*head, *_expression("\t\tsource =", query(table, settings), 4)]


def _policy(table: Table, settings: Settings) -> list[str]:
    return [
        "\trefreshPolicy",
        "\t\tpolicyType: basic",
        "\t\trollingWindowGranularity: year",
        f"\t\trollingWindowPeriods: {settings.keep_years}",
        "\t\tincrementalGranularity: month",
        f"\t\tincrementalPeriods: {settings.refresh_months}",
        *_expression("\t\tsourceExpression =", query(table, settings), 4),
    ]


def _tabs(depth: int) -> str:
    return "\t" * depth
