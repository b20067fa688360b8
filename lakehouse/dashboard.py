"""The star in the lake, as the dashboard's pages take it: all tables are of one publication.

Data flow: publication -> version of each table of the star -> DuckDB -> a file, which pages ask.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deltalake.exceptions import DeltaError

from dashboard.health import Health
from dashboard.source import NotReadableError
from include.errors import PublicationError
from include.metrics import Definitions
from include.why.events import Event
from lakehouse.duck import duck, identifier, show
from lakehouse.lake import Lake
from lakehouse.publications import Publication, publications
from lakehouse.query import seen_by_readers
from lakehouse.tested import STAR
from lakehouse.views import views


@dataclass(frozen=True)
class LakeSource:
    """A lake whose publications pages follow."""

    lake: Lake

    @contextmanager
    def reader(self) -> Iterator["LakeReader"]:
        """Open it for one look. Raises NotReadableError, also for what goes wrong meanwhile."""
        try:
            yield LakeReader(self.lake)
        except PublicationError as error:
            raise NotReadableError(str(error)) from None
        except DeltaError as error:
            raise NotReadableError(f"The lake {self.lake.settings.root} cannot be read") from error


@dataclass(frozen=True)
class LakeReader:
    """One look at the lake."""

    lake: Lake

    def health(self) -> Health:
        """Return what readers see. Raises PublicationError before the first publication."""
        return self._health(seen_by_readers(self.lake))

    def copy(self, definitions: Definitions, path: Path) -> Health:
        """Write a new DuckDB file with the star that readers see; return its health."""
        seen = seen_by_readers(self.lake)
        with duck(self.lake.settings) as connection:
            connection.execute("attach '{}' as copy".format(str(path).replace("'", "''")))
            try:
                connection.execute("create schema copy.trusted")
                for table in (table for table in seen.versions if table.startswith(STAR)):
                    name = identifier(table.removeprefix(STAR))
                    show(connection, name, self.lake.open(table, seen.versions[table]))
                    connection.execute(f"create table copy.trusted.{name} as from {name}")
                connection.execute("use copy")
                for name, sql in views().items():
                    connection.execute(f"create view trusted.{name} as {sql}")
            finally:
                connection.execute("use memory; detach copy")
        return self._health(seen)

    def events(self) -> tuple[Event, ...]:
        """Return nothing: what happened to the data is in the warehouse's `ops`."""
        return ()

    def live(self) -> None:
        """Return nothing: what devices report now is in the warehouse."""

    def _health(self, seen: Publication) -> Health:
        """Return what a publication says: the business day of a load is in the warehouse's `ops` too."""
        published = next(one for one in publications(self.lake) if one.number == seen.number)
        return Health(seen.number, published_at=published.published_at.replace(tzinfo=None))
