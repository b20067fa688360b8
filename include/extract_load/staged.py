"""What one reading of a collection brought: how many documents, and what became of them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from include.errors import DataQualityError
from include.rules.positions import elements_of
from include.rules.rejected import Rejected
from include.rules.stored_documents import StoredDocument
from include.specs import MongoCollection


@dataclass
class Staged:
    """What was read: the next watermark, how many documents the server handed out, and those set aside.

    With `is_filled` the good rows are in raw already; with `changes_nothing` no document was read, and none
    of raw is gone.
    Of the documents `repeated` came once more, since they moved while the collection was read.
    `rejected_by_id` has the table and the rejection by position (positions.py). `undated` are the positions
    of those that every load reads again: their stamp is no date. `new_fields` says in which document a field
    of a type stood first that no column takes. `good_by_table` counts the rows that were staged, and stay.
    """

    watermark: datetime
    read: int = 0
    repeated: int = 0
    is_filled: bool = False
    changes_nothing: bool = False
    rejected_by_id: dict[str, tuple[str, Rejected]] = field(default_factory=dict)
    undated: set[str] = field(default_factory=set)
    new_fields: dict[tuple[str, str, str], str] = field(default_factory=dict)
    good_by_table: Counter = field(default_factory=Counter)
    _keys: dict[str, object] = field(default_factory=dict)

    @property
    def rejected(self) -> list[Rejected]:
        return [rejected for _, rejected in self.rejected_by_id.values()]

    def came_now(self, read_from: datetime | None) -> tuple[int, list[Rejected]]:
        """Return how many documents came with this load, and which of them were set aside.

        What every load reads again, because it has no date, says nothing about what came with this one.
        """
        old = self.undated if read_from else set()
        return self.read - len(old), [row for row in self.rejected if row.position not in old]

    @property
    def rejected_by_table(self) -> Counter:
        """Count the rejected documents by raw table."""
        return Counter(table for table, _ in self.rejected_by_id.values())

    def free_position(self, document: StoredDocument, key: str) -> str:
        """Return the position of a document to set aside; another one with its `_id` makes it a numbered one.

        Only a view hands out several documents with one `_id`, or without any. What has the same key as well
        came once more: its later state counts.
        """
        position, number = document.position, 1
        ids, keys = (elements_of(document.stored, name) for name in (b"_id", key.encode()))
        while (place := position if number == 1 else f"{position} ({number})") in self.rejected_by_id:
            if ids and self._keys[place] == keys:
                self.repeated += 1
                break
            number += 1
        self._keys[place] = keys
        return place

    def refuse_lost(self, collection: MongoCollection) -> None:
        """Raise DataQualityError when not every document that the server handed out is good or rejected."""
        good = sum(self.good_by_table[kind.raw] for kind in collection.kinds)
        rejected = len(self.rejected_by_id)
        if self.read != self.repeated + good + rejected:
            raise DataQualityError(
                f"{collection.raw}: of {self.read:,} documents that were read {self.repeated:,} came twice,"
                f" {good:,} are good and {rejected:,} rejected: some are lost. Nothing was loaded; please"
                " report it"
            )
