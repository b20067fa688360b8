"""The assets of the pipeline, told to Airflow by business day: each raw table, and the star as a whole.

Airflow tells of every outlet of a task that succeeds. A load fills the tables of its own source only, and a
run may publish nothing: so the running task keeps the outlets of which there is news. An AssetAlias would
tell only what it is given, but no partition.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps

from airflow.sdk import Asset

from include.run import Run
from include.settings import read_settings
from include.specs import MongoCollection, PostgresTable
from include.tables import raw_tables, raw_tables_of

# Without a URI, which would name a server: the same on every machine.
RAW = {name: Asset(name=f"raw.{name}", group="raw") for name in raw_tables()}
TRUSTED = Asset(name="trusted", group="trusted")

News = Iterable[tuple[Asset, Mapping[str, object]]]


def filled_by(sources: Iterable[PostgresTable | MongoCollection]) -> list[Asset]:
    """Return the assets of the raw tables that the sources fill."""
    return [RAW[name] for name in raw_tables_of(sources)]


def loaded(loads: Iterable[Mapping[str, object]], _: str) -> Iterator[tuple[Asset, Mapping[str, object]]]:
    """Yield each raw table with the numbers of its load."""
    yield from ((RAW[load["table"]], load) for load in loads if load["table"] in RAW)


def published(publication: Mapping[str, object], run_id: str) -> Iterator[tuple[Asset, Mapping[str, object]]]:
    """Yield the star, unless the run published nothing and readers keep that of another one."""
    if publication["batch_id"] == run_id:
        yield TRUSTED, publication


def telling(function: Callable, news_of: Callable[[object, str], News]) -> Callable:
    """Return the task's function, which then tells Airflow what `news_of` finds in its result.

    An event's partition is the run's business day, its extra the numbers and texts of the result.
    """

    @wraps(function)
    def call(**context: object) -> object:
        result = function(**context)
        news = list(news_of(result, context["run_id"]))
        batch = Run.from_context(context, read_settings()).batch
        for asset, numbers in news:
            event = context["outlet_events"][asset]
            event.extra = {**numbers, "batch_id": batch.batch_id, "as_of": batch.as_of.isoformat()}
            event.add_partitions(batch.as_of.isoformat())
        context["task"].outlets = [asset for asset, _ in news]
        return result

    return call
