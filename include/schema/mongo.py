"""Create the collections of the MongoDB source, with a validator made from the specs in `sources.yml`."""

from pymongo.database import Database

from include.schema.played import mark_collection, refuse_foreign_collection
from include.specs import Array, Column, MongoCollection

NUMBERS = ["int", "long", "double", "decimal"]
BSON_TYPES = {"text": ["string"], "integer": NUMBERS[:3], "bigint": NUMBERS, "numeric": NUMBERS}
BSON_TYPES |= {"double precision": NUMBERS, "boolean": ["bool"], "timestamptz": ["date"]}
BSON_TYPES |= {"uuid": ["binData"], "objectid": ["objectId"]}


def create_collection(database: Database, collection: MongoCollection) -> None:
    """Create the collection with its validator and indexes, or bring them up to date.

    Raises ForeignTableError, before the first write, when it is there and somebody else's.
    """
    refuse_foreign_collection(database, collection)
    mark_collection(database, collection)
    validator = {"$jsonSchema": json_schema(collection)}
    if collection.name in database.list_collection_names():
        database.command("collMod", collection.name, validator=validator, validationLevel="strict")
    else:
        database.create_collection(collection.name, validator=validator)
    database[collection.name].create_index(collection.key, unique=True)
    if collection.watermark:
        database[collection.name].create_index(collection.watermark)


def json_schema(collection: MongoCollection) -> dict[str, object]:
    """Return the collection's $jsonSchema: the kinds' columns, each of its type."""
    columns = {column.name: column for kind in collection.kinds for column in kind.columns}
    properties = {name: _property(column) for name, column in columns.items() if not column.path}
    properties |= {array.field: _list(array) for array in collection.arrays}
    if collection.discriminator:
        properties[collection.discriminator] = {"enum": [kind.tag for kind in collection.kinds]}
    if collection.watermark:
        # Extraction goes by it: what is no date would be read every time.
        properties[collection.watermark] = {"bsonType": ["date", "null"]}
    # What only one kind requires, documents of the others need not have.
    by_kind = [
        {column.name for column in kind.columns if column.required and not column.path}
        for kind in collection.kinds
    ]
    required = [*sorted(set.intersection(*by_kind)), *filter(None, [collection.discriminator])]
    return {"bsonType": "object", "required": required, "properties": properties}


def _list(array: Array) -> dict[str, object]:
    """Return the array's part of the schema; objects in it may hold anything."""
    items = {} if array.is_of_objects else {"items": _property(array.elements[0])}
    return {"bsonType": ["array", "null"], **items}


def _property(column: Column) -> dict[str, object]:
    """Return the column's part of the schema. No maximum: the loader rejects such values, with a reason."""
    if not (types := BSON_TYPES.get(column.bson or column.type)):
        return {}
    schema: dict[str, object] = {"bsonType": types if column.required else [*types, "null"]}
    if column.type == "text" and column.required:
        schema["minLength"] = 1
    if column.minimum is not None:
        schema["minimum"] = column.minimum
    return schema
