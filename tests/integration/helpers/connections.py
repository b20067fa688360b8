"""Everybody who logs in while a run goes on, each connection opened when it is first asked for."""

from dataclasses import dataclass
from functools import cached_property

from psycopg2.extensions import connection as Connection
from pymongo.database import Database

from tests.conftest import Platform


@dataclass
class Connections:
    """The connections that the tasks of one run hold, and an administrator's."""

    platform: Platform

    @cached_property
    def app(self) -> Connection:
        return self.platform.connect("app")

    @cached_property
    def reader(self) -> Connection:
        return self.platform.connect("elt_reader")

    @cached_property
    def loader(self) -> Connection:
        return self.platform.connect("elt_loader")

    @cached_property
    def product(self) -> Database:
        return self.platform.mongo("app")

    @cached_property
    def catalogue(self) -> Database:
        return self.platform.mongo("elt_reader")

    @cached_property
    def admin(self) -> Connection:
        return autocommit(self.platform.connect("admin"))


def autocommit(connection: Connection) -> Connection:
    """Make each statement of the connection a transaction of its own."""
    connection.autocommit = True
    return connection
