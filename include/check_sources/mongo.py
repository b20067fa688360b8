"""What the reader sees of a MongoDB source: server, login, rights, and each collection of sources.yml.

Data flow: answers to commands that read -> findings.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from pymongo.database import Database
from pymongo.errors import ExecutionTimeout, OperationFailure

from include.check_sources import remedies
from include.check_sources.findings import Finding, careful, missing, ok, one_line
from include.extract_load.mongo_keys import unique_index
from include.specs import MongoCollection

# Of MongoDB's many actions those that change documents, collections or users.
WRITES = {"insert", "update", "remove", "anyAction", "createCollection", "dropCollection", "dropDatabase"}
WRITES |= {"createIndex", "dropIndex", "collMod", "createUser", "grantRole"}
READING_ROLES = {"read", "readAnyDatabase"}
# How long a server may look for documents without a stamp.
SECONDS = 5
Indexes = dict[str, Mapping]


def check_mongo(
    database: Database, collections: Iterable[MongoCollection], *, plays: bool
) -> Iterator[Finding]:
    """Yield what the reader sees of the server and of each collection.

    `plays`: the platform makes the collections that have a file.
    """
    user, home, findings = _login(database)
    yield from findings
    for collection in collections:
        try:
            yield from _collection(database, collection, (user, home), plays)
        except OperationFailure as error:
            yield missing(
                f"{collection.name}: {user} may not read the collection {collection.collection}. The server"
                f" says: {one_line(error)}",
                remedies.grant_read(user, home, database.name),
            )


def _login(database: Database) -> tuple[str, str, list[Finding]]:
    """Return who is logged in, in which database the user is stored, and what is to be said of both."""
    hello, version = database.command("hello"), database.client.server_info()["version"]
    status = database.command({"connectionStatus": 1, "showPrivileges": True})["authInfo"]
    place = ":".join(map(str, database.client.address or hello.get("me", "?").split(":")))
    what = "secondary" if hello.get("secondary") else "primary"
    if not status["authenticatedUsers"]:
        open_ = careful("more rights than needed: the server asks for no login, so everybody may write")
        return "", "", [ok(f"MongoDB {version}, a {what}; {database.name} on {place}"), open_]
    user, home = (status["authenticatedUsers"][0][name] for name in ("user", "db"))
    found = ok(f"MongoDB {version}, a {what}; logged in as {user} to {database.name} on {place}")
    return user, home, [found, _rights(status, user, home, database.name)]


def _rights(status: Mapping, user: str, home: str, database: str) -> Finding:
    """Return whether the user may write. Some servers tell roles only, no privileges."""
    privileges = status["authenticatedUserPrivileges"]
    roles = sorted(role["role"] for role in status["authenticatedUserRoles"])
    writes = {action for privilege in privileges for action in privilege["actions"]} & WRITES
    if writes or (not privileges and set(roles) - READING_ROLES):
        what = f"may write (roles {', '.join(roles)})"
        only_read = remedies.only_read(user, home, database)
        return careful(f"more rights than needed: {user} {what}", only_read)
    return ok(f"{user} may write nothing")


def _collection(
    database: Database, collection: MongoCollection, login: tuple[str, str], plays: bool
) -> Iterator[Finding]:
    """Yield what there is under the collection's name, and what keeps it from being loaded."""
    name, place = collection.name, f"{database.name}.{collection.collection}"
    found = next(iter(database.list_collections(filter={"name": collection.collection})), None)
    if found is None and plays and collection.file:
        yield careful(f"{name}: there is no {place} yet; the next run makes it")
    elif found is None:
        advice = "Mend collection in include/sources.yml, or the connection's database"
        yield missing(f"{name}: there is no {place}. {advice}")
    else:
        documents = database[collection.collection]
        count = documents.estimated_document_count()
        yield ok(f"{name}: {found['type']} {place}, about {count:,} documents")
        # A view has no indexes of its own, and raises when it is asked for them.
        indexes = documents.index_information() if found["type"] != "view" else {}
        yield _key(collection, indexes)
        yield from _stamp(database, collection, indexes, has_indexes=found["type"] != "view")


def _key(collection: MongoCollection, indexes: Indexes) -> Finding:
    """Return whether the source itself holds the key unique."""
    key, name = collection.key, collection.name
    if index := unique_index(indexes, key):
        return ok(f"{name}: key {key} is unique ({index})")
    return careful(f"{name}: key {key} is only promised: no unique index holds it")


def _stamp(
    database: Database, collection: MongoCollection, indexes: Indexes, *, has_indexes: bool
) -> Iterator[Finding]:
    """Yield whether an index finds the stamp, and whether every document has a date as stamp."""
    stamp = collection.watermark
    if stamp is None:
        yield ok(f"{collection.name}: no stamp is declared, so it is read whole")
        return
    found = [name for name, what in indexes.items() if _serves(what, stamp)]
    if found:
        yield ok(f"{collection.name}: stamp {stamp} has an index ({found[0]})")
    elif has_indexes and collection.is_incremental:
        create = remedies.index_on_field(database.name, collection.collection, stamp)
        yield careful(
            f"{collection.name}: stamp {stamp} has no index: every load reads the whole collection", create
        )
    try:
        yield _undated(database, collection, stamp)
    except ExecutionTimeout:
        unknown = f"not known within {SECONDS} seconds whether every document has one"
        yield careful(f"{collection.name}: stamp {stamp}: {unknown}")


def _serves(index: Mapping, stamp: str) -> bool:
    """Tell whether a load finds documents by their stamp in the index."""
    (field, order), *_ = index["key"]
    return field == stamp and order in {1, -1} and not {"partialFilterExpression", "sparse"} & index.keys()


def _undated(database: Database, collection: MongoCollection, stamp: str) -> Finding:
    """Return how many documents have no stamp, or one that is no date; raises ExecutionTimeout."""
    count, limit = database[collection.collection].count_documents, {"maxTimeMS": SECONDS * 1000}
    # As extraction asks: with an index on the stamp no document is read.
    undated = count({stamp: {"$not": {"$lt": datetime.max.replace(microsecond=0)}}}, **limit)
    absent = count({stamp: None}, **limit) if undated else 0
    name = collection.name
    if not undated:
        return ok(f"{name}: every document has a date as {stamp}")
    parts = f"documents without {stamp}: {absent:,}, with one that is no date: {undated - absent:,}"
    return careful(f"{name}: {parts}. Every load reads them, and sets the latter aside")
