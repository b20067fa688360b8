"""The product's two sources: changed by an administrator, looked at by a reader."""

import subprocess
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection
from pymongo.database import Database

from include.check_sources import Report, check_mongo, check_postgres
from include.embedded.postgres import BIN, psql
from include.specs import MongoCollection, PostgresTable
from include.tables import MONGO_COLLECTIONS, POSTGRES_TABLES
from tests.conftest import Platform


@dataclass
class PostgresSource:
    """The product's PostgreSQL, its administrator, and who looks at it."""

    platform: Platform
    admin: Connection
    role: str = "elt_reader"

    def change(self, statements: str) -> None:
        """Run the statements as the administrator."""
        with self.admin.cursor() as cursor:
            cursor.execute(statements)

    def check(
        self,
        *tables: PostgresTable,
        warehouse: Connection | None = None,
        plays: bool = False,
    ) -> Report:
        """Look at the tables, by default all that are declared, over a connection as a load has it."""
        reader = self.platform.connect(self.role)
        reader.set_session(readonly=True)
        found = check_postgres(reader, tables or POSTGRES_TABLES, warehouse, plays=plays)
        report = Report("source_postgres", True, tuple(found))
        reader.close()
        return report

    def paste(self, report: Report) -> None:
        """Paste all that the report has for an administrator into psql."""
        done = psql(
            ["-v", "ON_ERROR_STOP=1"], self._login, input="\n".join(report.remedies), capture_output=True
        )
        assert (done.returncode, done.stderr) == (0, "")

    def dump(self) -> str:
        """Return everything that the database holds, as statements."""
        command = [str(BIN / "pg_dump"), "--restrict-key=same"]
        return subprocess.run(command, env=self._login, capture_output=True, text=True, check=True).stdout

    @property
    def _login(self) -> dict[str, str]:
        env = self.platform.env
        login = {"PGHOST": env["SOURCE_HOST"], "PGPORT": env["SOURCE_PORT"], "PGDATABASE": env["SOURCE_DB"]}
        return login | {"PGUSER": "postgres", "PGPASSWORD": env["POSTGRES_PASSWORD"]}


@dataclass
class MongoSource:
    """The product's MongoDB, as its administrator sees it, and who looks at it."""

    platform: Platform
    admin: Database
    user: str = "elt_reader"

    def check(self, *collections: MongoCollection, plays: bool = False) -> Report:
        """Look at the collections, by default all that are declared."""
        database = self.platform.mongo(self.user)
        found = check_mongo(database, collections or MONGO_COLLECTIONS, plays=plays)
        return Report("source_mongo", False, tuple(found))


def sentences(report: Report, level: str) -> list[str]:
    """Return what the report says at the level."""
    return [finding.sentence for finding in report.findings if finding.level == level]
