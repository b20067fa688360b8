"""What MongoDB would refuse to write, though the rules of the document's kind allow it.

Found before the write, since a refused write names neither the field nor the place in the file.
"""

from collections.abc import Mapping
from dataclasses import replace

import bson
from bson.decimal128 import Decimal128

from include.rules.document_values import number
from include.rules.documents import bson_type
from include.rules.reasons import Problem, problem
from include.rules.texts import clipped
from include.schema.mongo import json_schema
from include.specs import MongoCollection

# Of a document with its _id and stamps: more is refused by every server.
LARGEST_DOCUMENT = 16 * 1024 * 1024
# More bytes than all that the platform sets itself.
STAMPS = 4096

# Name of a field -> its part of the collection's $jsonSchema.
Schemas = Mapping[str, Mapping[str, object]]


def schemas_of_others(collection: MongoCollection) -> dict[str, Schemas]:
    """Return for each kind what the validator asks of its documents because of other kinds.

    All kinds share the validator; what it asks because of the kind itself, the kind's rules ask too.
    """
    shared = _properties(collection)
    own = {kind.name: _properties(replace(collection, kinds=(kind,))) for kind in collection.kinds}
    return {
        kind: {name: schema for name, schema in shared.items() if properties.get(name) != schema}
        for kind, properties in own.items()
    }


def _properties(collection: MongoCollection) -> Schemas:
    found = json_schema(collection)["properties"]
    return {name: schema for name, schema in found.items() if name not in collection.managed_fields}


def find_write_problem(schemas: Schemas, document: Mapping) -> Problem | None:
    """Return why MongoDB would refuse a document that passed the rules of its kind, or None."""
    for name in document:
        # The first insert would pass, no later change.
        if name[:1] == "$":
            return problem("dollar_name", column=clipped(name))
    for name, schema in schemas.items():
        if name in document and (found := _schema_problem(name, schema, document[name])):
            return found
    return None


def find_size_problem(identifier: object, document: Mapping, text: str) -> Problem | None:
    """Return a problem when the document, as stored with this _id, is larger than MongoDB takes."""
    # A character of JSON makes less than 16 bytes of BSON: most documents need not be encoded.
    if len(text) < LARGEST_DOCUMENT // 16 - STAMPS:
        return None
    size = len(bson.encode({"_id": identifier, **document}))
    return problem("too_large", f"{size:,}", f"{LARGEST_DOCUMENT:,}") if size > LARGEST_DOCUMENT else None


def _schema_problem(name: str, schema: Mapping, value: object) -> Problem | None:
    """Return why the validator would refuse the value."""
    types = schema.get("bsonType", [])
    if types and bson_type(value) not in types:
        wanted = " or ".join(types)
        return problem("wrong_type", wanted, bson_type(value), column=name, value=clipped(value))
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        return problem("empty", column=name, value=value)
    smallest = schema.get("minimum")
    if isinstance(value, int | float | Decimal128) and smallest is not None and number(value) < smallest:
        return problem("below", smallest, column=name, value=clipped(value))
    for place, element in enumerate(value if isinstance(value, list) else ()):
        if found := _schema_problem(f"{name}[{place}]", schema.get("items", {}), element):
            return found
    return None
