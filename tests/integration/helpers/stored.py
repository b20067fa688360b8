"""What a collection hands out, changed: as by documents that the embedded server would not take."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest
from pymongo.collection import Collection


class Batches:
    """A cursor on batches that were changed."""

    def __init__(self, batches: Iterable[bytes]) -> None:
        self._batches = iter(batches)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._batches)

    def batch_size(self, size: int) -> None:
        """Take notice of what the next batches should have; the real ones say nothing of it."""


def hand_out(
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Collection, object, Iterator[bytes]], Iterable[bytes]],
) -> None:
    """Have collections hand out what `change` makes of the batches that they have for what is asked."""
    for name in ("find_raw_batches", "aggregate_raw_batches"):
        real = getattr(Collection, name)

        def changed(
            collection: Collection, asked: object = None, *, real: Callable = real, **options: object
        ) -> Batches:
            return Batches(change(collection, asked, real(collection, asked, **options)))

        monkeypatch.setattr(Collection, name, changed)


class StoredBytes:
    """While it lasts, a collection hands out these documents besides its own, whatever is asked of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.documents: Sequence[bytes] = ()

        def add(collection: Collection, _: object, batches: Iterator[bytes]) -> Iterator[bytes]:
            yield from batches
            if collection.name == name and self.documents:
                yield b"".join(self.documents)

        hand_out(monkeypatch, add)
