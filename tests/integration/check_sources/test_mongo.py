"""What is said of a MongoDB source, and that the printed commands mend what is missing."""

import json
import re
from datetime import UTC, datetime

import pytest
from pymongo.errors import OperationFailure

from tests.integration.check_sources.sources import MongoSource, sentences

USER_COMMAND = re.compile(r'db\.getSiblingDB\("(\w+)"\)\.(updateUser|grantRolesToUser)\("(\w+)", (.*)\)')
INDEX = re.compile(r'db\.getSiblingDB\("(\w+)"\)\.getCollection\("(\w+)"\)\.createIndex\((.*)\)')


def paste(catalogue: MongoSource, command: str) -> None:
    """Run a printed command as the administrator; there is no mongosh in the tests."""
    client = catalogue.admin.client
    if found := INDEX.fullmatch(command):
        database, collection, key = found.groups()
        client[database][collection].create_index(list(json.loads(key).items()))
        return
    database, name, user, roles = USER_COMMAND.fullmatch(command).groups()
    changed = json.loads(roles)
    client[database].command(name, user, **(changed if isinstance(changed, dict) else {"roles": changed}))


def test_of_the_product_all_is_well(catalogue):
    report, name = catalogue.check(), catalogue.admin.name
    assert {finding.level for finding in report.findings} == {"ok"}
    assert not report.remedies
    said = sentences(report, "ok")
    assert re.fullmatch(
        rf"MongoDB [\d.]+, a primary; logged in as elt_reader to {name} on 127\.0\.0\.1:\d+", said[0]
    )
    assert said[1:] == [
        "elt_reader may write nothing",
        f"content: collection {name}.content, about 0 documents",
        "content: key content_id is unique (content_id_1)",
        "content: stamp updated_at has an index (updated_at_1)",
        "content: every document has a date as updated_at",
    ]


def test_missing_collection_stops_a_load_unless_the_next_run_makes_it(catalogue):
    catalogue.admin.content.drop()
    name = catalogue.admin.name
    report = catalogue.check()
    assert sentences(report, "MISSING") == [
        f"content: there is no {name}.content. Mend collection in include/sources.yml, or the connection's"
        " database"
    ]
    assert report.stops_a_load
    played = catalogue.check(plays=True)
    assert sentences(played, "careful") == [f"content: there is no {name}.content yet; the next run makes it"]
    assert not played.stops_a_load


def test_missing_indexes_are_said_and_that_of_the_stamp_is_mended(catalogue):
    catalogue.admin.content.drop_indexes()
    report = catalogue.check()
    promised = "content: key content_id is only promised: no unique index holds it"
    assert sentences(report, "careful") == [
        promised,
        "content: stamp updated_at has no index: every load reads the whole collection",
    ]
    (command,) = report.remedies
    paste(catalogue, command)
    mended = catalogue.check()
    assert sentences(mended, "careful") == [promised]
    assert not mended.remedies


def test_stamps_that_are_missing_or_no_date_are_counted(catalogue):
    catalogue.admin.command("collMod", "content", validator={})
    catalogue.admin.content.insert_many(
        [
            {"content_id": "1", "updated_at": datetime(2024, 9, 1, tzinfo=UTC)},
            {"content_id": "2"},
            {"content_id": "3", "updated_at": None},
            {"content_id": "4", "updated_at": "2024-09-01"},
        ]
    )
    assert sentences(catalogue.check(), "careful") == [
        "content: documents without updated_at: 2, with one that is no date: 1. Every load reads them, and"
        " sets the latter aside"
    ]


def test_user_who_may_write_is_told_so_and_mended(catalogue):
    name = catalogue.admin.name
    catalogue.admin.command("updateUser", "elt_reader", roles=[{"role": "readWrite", "db": name}])
    report = catalogue.check()
    assert sentences(report, "careful") == ["more rights than needed: elt_reader may write (roles readWrite)"]
    (command,) = report.remedies
    paste(catalogue, command)
    mended = catalogue.check()
    assert sentences(mended, "careful") == []
    with pytest.raises(OperationFailure):
        catalogue.platform.mongo("elt_reader").content.insert_one({})


def test_user_without_rights_gets_a_sentence_and_is_mended(catalogue):
    catalogue.admin.command("updateUser", "elt_reader", roles=[])
    report = catalogue.check()
    (said,) = sentences(report, "MISSING")
    assert said.startswith("content: elt_reader may not read the collection content. The server says: ")
    (command,) = report.remedies
    paste(catalogue, command)
    assert not catalogue.check().stops_a_load


def test_nothing_is_written(catalogue):
    catalogue.admin.content.drop_indexes()
    catalogue.user = "app"

    def state() -> tuple:
        documents = {
            name: list(catalogue.admin[name].find()) for name in catalogue.admin.list_collection_names()
        }
        return documents, catalogue.admin.content.index_information()

    before = state()
    catalogue.check()
    assert state() == before
