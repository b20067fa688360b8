"""What the tests of CSV files share."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from include.seed.csv_stream import CsvStream
from tests.unit.seed.copy_reads import COLUMNS, Open


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Return a function that writes the bytes into users.csv and opens it."""

    def open_rows(content: bytes, required: Sequence[str] = COLUMNS, key: str = "user_id") -> CsvStream:
        path = tmp_path / "users.csv"
        path.write_bytes(content)
        return CsvStream(path, required, key)

    return open_rows
