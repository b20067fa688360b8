"""What the tests of the check share: sources as the product has them, empty."""

from collections.abc import Iterator

import pytest
from pymongo import MongoClient

from include.embedded.postgres import connect_as_admin
from tests.conftest import Platform
from tests.integration.check_sources.sources import MongoSource, PostgresSource


@pytest.fixture
def source(platform: Platform) -> Iterator[PostgresSource]:
    """The product's PostgreSQL, with its tables empty."""
    env = platform.env
    admin = connect_as_admin(env, int(env["SOURCE_PORT"]), env["SOURCE_DB"])
    admin.autocommit = True
    yield PostgresSource(platform, admin)
    admin.close()


@pytest.fixture
def catalogue(platform: Platform) -> Iterator[MongoSource]:
    """The product's MongoDB, with its collection empty."""
    env = platform.env
    login = {"username": "root", "password": env["MONGO_ROOT_PASSWORD"]}
    with MongoClient(env["MONGO_HOST"], int(env["MONGO_PORT"]), directConnection=True, **login) as root:
        yield MongoSource(platform, root[env["MONGO_DB"]])
