"""`make reset`: stop what runs here and forget all local data; settings and secrets in .env stay."""

import shutil

from cli import LOCAL, airflow
from include import embedded
from include.environment import ROOT


def reset_local() -> None:
    """Delete databases, Airflow's home, logs and generated files."""
    airflow.stop(LOCAL)
    embedded.reset(LOCAL)
    for folder in (ROOT / "data").glob("[0-9]*-[0-9]*-[0-9]*"):
        shutil.rmtree(folder)
    print("Everything local is gone. `make demo` starts anew; .env stays.")
