"""What a file brought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from include.rules.rejected import Rejected


@dataclass(frozen=True)
class Came:
    """The good rows of a file by raw table, with the columns that the file has.

    `kept` are the keys of rows or documents that came and were rejected: they are not taken for deleted.
    `read` counts rows or documents.
    """

    rows: Mapping[str, pa.Table]
    rejected: Sequence[Rejected]
    kept: frozenset[str]
    read: int
