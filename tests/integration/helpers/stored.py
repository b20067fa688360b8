"""Documents that the embedded server would not take, put into what a collection hands out."""

from collections.abc import Iterator, Sequence

import pytest
from pymongo.collection import Collection


class StoredBytes:
    """While it lasts, a collection hands out these documents besides its own, whatever is asked of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.documents: Sequence[bytes] = ()
        real = Collection.find_raw_batches

        def find_raw_batches(collection: Collection, *query: object) -> Iterator[bytes]:
            yield from real(collection, *query)
            if collection.name == name and self.documents:
                yield b"".join(self.documents)

        monkeypatch.setattr(Collection, "find_raw_batches", find_raw_batches)
