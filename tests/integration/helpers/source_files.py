"""The files of a small product, as somebody would put them into a folder."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from include.specs import PostgresTable
from tests.product import CONTENT


@dataclass
class SourceFiles:
    """The folder that a run reads its files from."""

    folder: Path

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def write_csv(self, table: PostgresTable, lines: Sequence[str], header: str | None = None) -> Path:
        header = header or ",".join(column.name for column in table.file_columns)
        return self.write(table.file, "\n".join([header, *lines]) + "\n")

    def write_content(self, movies: Sequence = (), series: Sequence = ()) -> Path:
        return self.write(CONTENT.file, json.dumps({"movies": list(movies), "series": list(series)}))
