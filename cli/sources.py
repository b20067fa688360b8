"""The environment in which a command reads the sources: that of this container, or of this folder's .env."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cli import LOCAL
from cli.container import SECRETS, with_secrets
from cli.warehouse import this_place
from include.environment import ROOT, ensure_env, pipeline_variables, plays_product


@contextmanager
def source_environment() -> Iterator[Mapping[str, str]]:
    """Yield the settings, with Airflow told its connections, for as long as the block.

    Raises CommandError while SOURCES is `played` and nothing was played yet.
    """
    # Outside of a component, Airflow would make itself a home in the user's.
    os.environ.setdefault("AIRFLOW_HOME", str(LOCAL / "airflow"))
    with _settings() as env:
        os.environ.update(pipeline_variables(env))
        yield env


@contextmanager
def _settings() -> Iterator[Mapping[str, str]]:
    """Yield this container's settings, or those of .env; the embedded servers run only for played sources."""
    if SECRETS.is_dir():
        yield with_secrets()
    elif plays_product(settings := ensure_env(ROOT / ".env")):
        with this_place() as env:
            yield env
    else:
        yield settings
