"""Read dbt/models/semantic: YAML -> definitions.

dbt checks the files whenever it parses the project. Here only what this package cannot compile is refused.
"""

from collections.abc import Iterable
from pathlib import Path

import yaml

from include.environment import ROOT
from include.errors import InputError
from include.metrics.definitions import (
    Definitions,
    Dimension,
    Input,
    Measure,
    Metric,
    Offset,
    Rollup,
    SemanticModel,
)

FOLDER = ROOT / "dbt" / "models" / "semantic"
KEYS = {"primary", "unique"}
KINDS = {"simple", "ratio", "derived", "cumulative"}


def read_definitions(folder: Path = FOLDER) -> Definitions:
    """Return what the folder's YAML files define. Raises InputError for what is not compiled here."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yml"))]
    models = [_model(entry) for file in files for entry in file.get("semantic_models", ())]
    metrics = [_metric(entry) for file in files for entry in file.get("metrics", ())]
    return Definitions(_by_name(models), _by_name(metrics))


def _by_name(found: Iterable) -> dict:
    return {one.name: one for one in found}


def _model(entry: dict) -> SemanticModel:
    meta = _meta(entry)
    entities = entry.get("entities", ())
    keys = [one["name"] for one in entities if one["type"] in KEYS]
    default = entry.get("defaults", {}).get("agg_time_dimension")
    dateless = meta.get("dateless", ())
    return SemanticModel(
        name=entry["name"],
        table=entry["model"].removeprefix("ref('").removesuffix("')"),
        key=entry.get("primary_entity", keys[0] if keys else None),
        entities={one["name"]: _sql(one) for one in entities},
        dimensions=_by_name(map(_dimension, entry.get("dimensions", ()))),
        measures=_by_name(_measure(one, default, dateless) for one in entry.get("measures", ())),
        rollups=tuple(map(_rollup, meta.get("rollups", ()))),
    )


def _dimension(entry: dict) -> Dimension:
    grain = entry.get("type_params", {}).get("time_granularity")
    return Dimension(entry["name"], _sql(entry), grain, entry.get("label"))


def _measure(entry: dict, default: str, dateless: Iterable[str]) -> Measure:
    time = None if entry["name"] in dateless else entry.get("agg_time_dimension", default)
    percentile = entry.get("agg_params", {}).get("percentile")
    return Measure(
        entry["name"], entry["agg"], _sql(entry), time, percentile, "non_additive_dimension" in entry
    )


def _rollup(entry: dict) -> Rollup:
    ((grain, time),) = entry.get("time", {None: None}).items()
    return Rollup(
        table=entry["table"],
        sums=entry.get("sums", {}),
        counts=entry.get("counts", {}),
        dimensions=entry.get("dimensions", {}),
        entities={name: name for name in entry.get("entities", ())},
        grain=grain,
        time=time,
        where=entry.get("where"),
    )


def _metric(entry: dict) -> Metric:
    name, kind, given = entry["name"], entry["type"], entry["type_params"]
    if kind not in KINDS:
        raise InputError(f"{name}: metrics of the type {kind} are not compiled. Types are {sorted(KINDS)}")
    cumulative = given.get("cumulative_type_params", {})
    window = cumulative.get("window")
    if kind == "cumulative" and not (window or "grain_to_date" in cumulative):
        raise InputError(f"{name}: a cumulative metric needs a window or grain_to_date")
    return Metric(
        name=name,
        label=entry["label"],
        description=entry["description"],
        kind=kind,
        measure=given.get("measure"),
        inputs=tuple(map(_input, _inputs(given))),
        expr=given.get("expr"),
        window=_offset(window) if window else None,
        to_date=cumulative.get("grain_to_date"),
        filters=_filters(entry),
        meta=_meta(entry),
    )


def _inputs(given: dict) -> list[dict | str]:
    """Return numerator and denominator of a ratio, or the metrics of a derived one."""
    return [given["numerator"], given["denominator"]] if "numerator" in given else given.get("metrics", [])


def _input(entry: dict | str) -> Input:
    if isinstance(entry, str):
        return Input(entry, entry)
    offset = entry.get("offset_window")
    alias = entry.get("alias", entry["name"])
    return Input(entry["name"], alias, _filters(entry), _offset(offset) if offset else None)


def _offset(text: str) -> Offset:
    count, grain = text.split()
    return Offset(int(count), grain.rstrip("s"))


def _filters(entry: dict) -> tuple[str, ...]:
    return (entry["filter"],) if "filter" in entry else ()


def _meta(entry: dict) -> dict:
    return entry.get("config", {}).get("meta", {})


def _sql(entry: dict) -> str:
    return str(entry.get("expr", entry["name"]))
