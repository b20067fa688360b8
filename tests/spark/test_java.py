"""The jar that is taken from another package than its maker's is its maker's."""

import hashlib
import subprocess

from tests.spark.cluster import PYTHON

# Of postgresql-42.7.4.jar in Maven Central.
POSTGRESQL = "188976721ead8e8627eb6d8389d500dccc0c9bebd885268a3047180274a6031e"


def test_postgresqls_driver_is_the_file_of_maven_central():
    path = "from lakehouse.spark.java import JARS; print(JARS[-1])"
    jar = subprocess.run([PYTHON, "-c", path], capture_output=True, text=True, check=True).stdout.strip()
    with open(jar, "rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == POSTGRESQL
