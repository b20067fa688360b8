"""The star: every model and snapshot of dbt as an asset, every one of its tests as a blocking check.

Data flow: manifest.json -> assets and checks; raw -> dbt build -> trusted_next, node by node.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from graphlib import TopologicalSorter
from importlib.metadata import version
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DbtCliInvocation,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from packaging.version import Version

from dagster_project.days import DAYS, EACH_DAY, FRESH, RETRIES
from dagster_project.platform import Platform
from include.dbt import AWAY, BUILD, NO_LOGIN, run_dbt
from include.second_attempt import end_orphans
from include.settings import read_settings

TABLES = ("table", "incremental")


class Dbt(DbtCliResource):
    """dbt as `include/dbt.py` starts it: by Python, which is asked for no version."""

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))


class Translator(DagsterDbtTranslator):
    """dbt's nodes as assets: grouped by layer, and what readers see is to be fresh."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """Return the asset of a node."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        layer = spec.key.path[0]
        is_seen = self.get_resource_props(manifest, unique_id).get("access") == "public"
        return spec.replace_attributes(group_name=layer, freshness_policy=FRESH if is_seen else None)


def read_manifest() -> dict[str, Any]:
    """Return dbt's manifest, in which every test names a model that it checks.

    A test that reads several models is a check of the first public one: dbt runs it when all are built. Where
    the manifest is missing, dbt parses.
    """
    path = read_settings().dbt_target / "manifest.json"
    if not path.exists():
        run_dbt("parse", settings=NO_LOGIN, work_dir=path.parent.parent)
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for node in manifest["nodes"].values():
        read = node["depends_on"]["nodes"]
        if node["resource_type"] == "test" and not node.get("attached_node") and len(read) > 1:
            node["config"]["meta"] = {"dagster": {"ref": {"name": _checked(manifest, read)}}}
    return manifest


def _checked(manifest: Mapping[str, Any], read: list[str]) -> str:
    """Return the name of the model that a test of several is a check of."""
    nodes = [manifest["nodes"][name] for name in sorted(read) if name in manifest["nodes"]]
    public = [node for node in nodes if node.get("access") == "public"]
    return (public or nodes)[0]["name"]


def star_assets(manifest: dict[str, Any]) -> dg.AssetsDefinition:
    """Return dbt's models and snapshots as assets, with its tests as their checks."""

    @dbt_assets(
        manifest=manifest,
        name="transform_with_dbt",
        partitions_def=DAYS,
        backfill_policy=EACH_DAY,
        dagster_dbt_translator=Translator(),
        retry_policy=RETRIES,
    )
    def transform_with_dbt(context: dg.AssetExecutionContext, platform: Platform, dbt: Dbt) -> Iterator:
        if kept := platform.star_to_keep():
            context.log.info("Nothing new in raw since %s: readers keep it", kept)
            for key in in_order(context):
                yield dg.MaterializeResult(asset_key=key, metadata={"unchanged_since": str(kept)})
            return
        with platform.at_work(context):
            try:
                for event in _started(context, platform, dbt).stream():
                    _add_figures(context, platform, manifest, event)
                    yield event
            except DagsterDbtCliRuntimeError as error:
                # A model's error and a failed test stay; a server that was away comes back.
                is_away = re.search(AWAY, str(error), re.IGNORECASE) is not None
                raise dg.Failure("dbt failed: its lines above say where", allow_retries=is_away) from None
            finally:
                platform.report(context)

    return transform_with_dbt


def in_order(context: dg.AssetExecutionContext) -> list[dg.AssetKey]:
    """Return the keys that the step is to make, each after those that it is made of."""
    order = TopologicalSorter(context.assets_def.asset_deps).static_order()
    return [key for key in order if key in context.selected_asset_keys]


def _started(context: dg.AssetExecutionContext, platform: Platform, dbt: Dbt) -> DbtCliInvocation:
    """Start `dbt build`, which knows whose star it builds, after what a killed run left of it has ended."""
    if orphans := end_orphans(platform.batch_id(context)):
        context.log.warning("dbt of a killed run was still at work: %d processes are ended", orphans)
    variables, options = platform.told_to_dbt(context)
    with _environment(variables):
        return dbt.cli([*BUILD, *options], context=context, target_path=read_settings().dbt_target)


def _add_figures(
    context: dg.AssetExecutionContext, platform: Platform, manifest: Mapping[str, Any], event: object
) -> None:
    """Add rows and checksum to the event of a table that was built."""
    if not isinstance(event, dg.Output):
        return
    node = manifest["nodes"][event.metadata["unique_id"].value]
    if node["resource_type"] == "model" and node["config"]["materialized"] in TABLES:
        figures = platform.figures_of_model(node["schema"], node["name"])
        context.add_output_metadata(figures, output_name=event.output_name)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have the variables in this process's environment during the block: dagster-dbt hands on no others."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
