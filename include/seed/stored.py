"""The documents that a collection holds, as the comparison with a file needs them."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from include.rules.bson_bytes import split
from include.seed.same import is_same
from include.specs import PLAYED_STAMPS, MongoCollection

# Stored documents may hold what Python cannot: a date of the year 10000, or bytes that are no UTF-8, which
# become halves of characters. No accepted text has these, so it never equals such bytes.
AS_STORED = CodecOptions(
    unicode_decode_error_handler="surrogateescape", datetime_conversion=DatetimeConversion.DATETIME_AUTO
)
# Leaves what is in the document alone: else an object with the fields $ref and $id would become a DBRef.
AS_BYTES = AS_STORED.with_options(document_class=RawBSONDocument)


class Stored(NamedTuple):
    """The bytes of a document; its key, None where that is no text, and what the platform set."""

    raw: bytes
    key: str | None
    ours: Mapping[str, object]

    def is_same(self, document: dict[str, object]) -> bool:
        """Tell whether it is the file's document, which has its kind, but for _id and stamps."""
        stamps = {name: self.ours[name] for name in PLAYED_STAMPS if name in self.ours}
        # Nearly always it has the bytes that were written the last time.
        if bson.encode({"_id": self.ours["_id"], **document, **stamps}) == self.raw:
            return True
        fields = RawBSONDocument(self.raw, AS_BYTES).items()
        return is_same(document, {name: value for name, value in fields if name not in self.ours})


def read_stored(database: Database, collection: MongoCollection) -> Iterator[Stored]:
    """Yield every document of the collection."""
    for batch in database[collection.name].find_raw_batches():
        for raw in split(batch):
            fields = bson.decode(raw, AS_STORED)
            ours = {name: fields[name] for name in ("_id", *PLAYED_STAMPS) if name in fields}
            key = fields.get(collection.key)
            # Code is a str, too, and cannot be looked up.
            yield Stored(raw, key if type(key) is str else None, ours)
