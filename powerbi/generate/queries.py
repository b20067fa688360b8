"""Power Query (M) of the model: where the warehouse is, and what each table reads there."""

from powerbi.generate.measures import PLACEHOLDER
from powerbi.generate.model import Settings, Table

SCHEMA = "trusted"
PARAMETERS = {
    "Host": ("localhost", "Name or address of the warehouse's server."),
    "Port": ("5433", "Port of the warehouse's server."),
    "Database": ("warehouse", "Name of the warehouse's database."),
}
# Names that Power BI asks for. In Desktop all days are between them; the service sets its own.
RANGE = {
    "RangeStart": ("#datetime(1900, 1, 1, 0, 0, 0)", "First day of sessions that a refresh brings."),
    "RangeEnd": (
        "#datetime(2200, 1, 1, 0, 0, 0)",
        "Day after the last day of sessions that a refresh brings.",
    ),
}
READ = """let
    Options = [CreateNavigationProperties = false, CommandTimeout = #duration(0, 0, 30, 0)],
    Source = PostgreSQL.Database(Host & ":" & Port, Database, Options),
    Data = Source{{[Schema = "{schema}", Item = "{item}"]}}[Data],
    Selected = Table.SelectColumns(Data, {{{columns}}}){newest}
in
    {last}"""
NEWEST = """,
    First = DateTime.Date(RangeStart),
    End = DateTime.Date(RangeEnd),
    Newest = Table.SelectRows(Selected, each [{date}] >= First and [{date}] < End)"""
EMPTY = f"""let
    Source = #table(type table [{PLACEHOLDER} = text], {{}})
in
    Source"""


def query(table: Table, settings: Settings) -> str:
    """Return what the table reads; in import mode the days of sessions that are asked for."""
    if table.source is None:
        return EMPTY
    names = [f'"{one.source}"' for one in table.columns if one.source]
    newest = NEWEST.format(date=table.dated_by) if is_by_days(table, settings) else ""
    return READ.format(
        schema=SCHEMA,
        item=table.source,
        columns=", ".join(names),
        newest=newest,
        last="Newest" if newest else "Selected",
    )


def is_by_days(table: Table, settings: Settings) -> bool:
    """Tell whether the service brings only the newest days of the table."""
    return table.dated_by is not None and settings.mode == "import"
