"""What Dagster loads: all assets, checks, jobs, the schedule, the sensor, and their resources."""

import os
import sys
import warnings

import dagster as dg

from dagster_project import jobs
from dagster_project.inbox import inbox_sensor
from dagster_project.platform import Platform
from dagster_project.publication import data_quality, publication, reconciliation, whole_star
from dagster_project.raw import external_sources, product, raw_assets, warehouse
from dagster_project.star import Dbt, read_manifest, star_assets
from include.dbt import DBT
from include.environment import ROOT, plays_product
from include.tables import SOURCES

# Dagster is pinned, so what it calls beta does not change.
warnings.filterwarnings("ignore", category=dg.BetaWarning)


def definitions() -> dg.Definitions:
    """Return the definitions, by the settings of the environment."""
    plays = plays_product(os.environ)
    models = star_assets(read_manifest())
    return dg.Definitions(
        assets=[
            warehouse,
            *([product] if plays else external_sources()),
            *map(raw_assets, SOURCES),
            models,
            whole_star(models.keys),
            publication,
        ],
        asset_checks=[reconciliation, data_quality],
        jobs=[jobs.pipeline, jobs.publish, jobs.rollback, jobs.forget],
        schedules=jobs.schedules(),
        # Where sources are only read, files start nothing.
        sensors=[inbox_sensor] if plays else [],
        resources={"platform": Platform(), "dbt": dbt()},
        # Half the time: each step of the default executor is a new process, which imports all of this again.
        executor=dg.in_process_executor,
    )


def dbt() -> Dbt:
    """Return dbt as `include/dbt.py` starts it."""
    project = str(ROOT / "dbt")
    return Dbt(
        project_dir=project,
        profiles_dir=project,
        dbt_executable=sys.executable,
        global_config_flags=list(DBT),
    )


defs = definitions()
