"""The tables of the lake by name: `silver.postgres_users` is the Delta table <LAKE>/silver/postgres_users."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSelector, FileType, PyFileSystem

from include.errors import InputError
from lakehouse.settings import LakeSettings

Version = int | datetime


@dataclass(frozen=True)
class Lake:
    """The lake at the place that the settings name."""

    settings: LakeSettings

    def path(self, table: str) -> str:
        """Return the address of the table, which may not be there yet."""
        return f"{self.settings.root}/{table.replace('.', '/')}"

    def find(self, table: str) -> DeltaTable | None:
        """Return the newest version of the table; None where there is no such table."""
        try:
            return DeltaTable(self.path(table), storage_options=self._options)
        except TableNotFoundError:
            return None

    def open(self, table: str, version: Version | None = None) -> DeltaTable:
        """Return a version of the table, by its number or a time. Raises InputError where there is none."""
        if (found := self.find(table)) is None:
            raise InputError(f"{self.settings.root} has no table {table}. `make lake-sql` lists what it has")
        if version is None or version == found.version():
            return found
        try:
            found.load_as_version(version)
        except (DeltaError, ValueError) as error:
            raise InputError(
                f"{table} has no version {version}. `make lake-history` lists them: {error}"
            ) from None
        return found

    def find_or_create(
        self, table: str, schema: pa.Schema, partition_by: list[str] | None = None, **named: object
    ) -> DeltaTable:
        """Return the table, made with this schema where it is not there; another writer may be first."""
        if found := self.find(table):
            return found
        try:
            options = {"storage_options": self._options, "partition_by": partition_by, **named}
            return DeltaTable.create(self.path(table), schema, **options)
        except DeltaError:
            if found := self.find(table):
                return found
            raise

    def tables(self) -> list[str]:
        """Return the names of all tables, in order."""
        return sorted(
            f"{schema}.{table}"
            for schema in self._folders("")
            for table in self._folders(schema)
            if self.find(f"{schema}.{table}") is not None
        )

    @property
    def _options(self) -> dict[str, str] | None:
        return dict(self.settings.storage) or None

    def _folders(self, below: str) -> list[str]:
        """Return the folders in one of the lake, or at its top; not those of its own, which begin with _."""
        if "://" not in self.settings.root and not Path(self.settings.root).is_dir():
            return []
        files = PyFileSystem(DeltaStorageHandler(self.settings.root, self._options))
        found = files.get_file_info(FileSelector(below, allow_not_found=True))
        names = [entry.path.rpartition("/")[2] for entry in found if entry.type == FileType.Directory]
        return [name for name in names if not name.startswith(("_", "."))]
