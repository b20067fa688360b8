"""The steps of a run: files into the sources, sources into raw."""

from collections.abc import Sequence
from datetime import date

from include.extract_load import load_collection, load_table
from include.ops.load_runs import Load
from include.run import OWN_FILES, Batch, Run
from include.seed import seed_collection, seed_table
from include.specs import MongoCollection, PostgresTable
from tests.integration.helpers.connections import Connections
from tests.integration.helpers.source_files import SourceFiles
from tests.product import CONTENT, USERS, VIEWING_SESSIONS


class Steps(SourceFiles, Connections):
    """Seeds from the files in the folder and extracts; `seed_users` and the like write the file first."""

    def batch(self, batch_id: str = "run 1", as_of: str = "2024-09-01") -> Batch:
        return Batch(batch_id, date.fromisoformat(as_of))

    def seed(
        self, table: PostgresTable = USERS, batch: Batch | None = None, dataset: str = OWN_FILES
    ) -> Load:
        """Seed the table from the file that lies in the folder."""
        batch = batch or self.batch()
        return seed_table(self.app, self.loader, table, Run(batch, folder=str(self.folder), dataset=dataset))

    def seed_users(self, *lines: str, batch: Batch | None = None, dataset: str = OWN_FILES) -> Load:
        self.write_csv(USERS, lines)
        return self.seed(USERS, batch, dataset)

    def seed_sessions(self, *lines: str, batch: Batch | None = None) -> Load:
        self.write_csv(VIEWING_SESSIONS, lines)
        return self.seed(VIEWING_SESSIONS, batch)

    def seed_catalogue(self, batch: Batch | None = None, dataset: str = OWN_FILES) -> Load:
        """Seed the collection from the file that lies in the folder."""
        batch, folder = batch or self.batch(), str(self.folder)
        return seed_collection(self.product, self.loader, CONTENT, Run(batch, folder=folder, dataset=dataset))

    def seed_content(
        self, movies: Sequence = (), series: Sequence = (), *, batch: Batch | None = None
    ) -> Load:
        self.write_content(movies, series)
        return self.seed_catalogue(batch)

    def extract(self, table: PostgresTable = USERS, batch: Batch | None = None) -> Load:
        (load,) = load_table(self.reader, self.loader, table, Run(batch or self.batch()))
        return load

    def extract_content(
        self, batch: Batch | None = None, collection: MongoCollection = CONTENT
    ) -> dict[str, Load]:
        """Extract the collection; return its loads by raw table."""
        loads = load_collection(self.catalogue, self.loader, collection, Run(batch or self.batch()))
        return {load.table: load for load in loads}
