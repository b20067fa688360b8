"""MetricFlow, the other compiler of the definitions, as a judge: a metric by fields -> its SQL -> rows."""

import logging
import shutil
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer
from metricflow_semantic_interfaces.type_enums import DimensionType
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup
from psycopg2.extensions import cursor as Cursor

from include.dbt import NO_LOGIN, run_dbt
from include.metrics import Condition, Definitions, Question, ask
from include.metrics.checks import fields_of_metric, grain_of
from include.metrics.definitions import GRAINS, Measure, SemanticModel
from include.metrics.fields import owner_of, source_of

TOLERANCE = 1e-9
Values = dict[tuple, float]


class _Client:
    sql_engine_type = SqlEngine.POSTGRES
    sql_plan_renderer = PostgresSQLSqlPlanRenderer()


def write_manifest(path: Path) -> None:
    """Write what `dbt parse` says of the published star."""
    options = ("--vars", "trusted_schema: trusted")
    target = run_dbt("parse", *options, settings=NO_LOGIN, work_dir=path.with_suffix(".parse"))
    shutil.copy(target / "semantic_manifest.json", path)


class Judge:
    """MetricFlow on a manifest of dbt."""

    def __init__(self, path: Path, definitions: Definitions) -> None:
        self.definitions = definitions
        manifest = parse_manifest_from_dbt_generated_manifest(manifest_json_string=path.read_text())
        lookup = SemanticManifestLookup(manifest)
        logging.getLogger("metricflow").setLevel(logging.ERROR)
        self.engine = MetricFlowEngine(semantic_manifest_lookup=lookup, sql_client=_Client())

    def fields(self, metric: str) -> list[str]:
        """Return the fields by which the judge can be asked: all measures find them by one name."""
        leaves = [self.definitions.measures[leaf] for leaf in sorted(self.definitions.leaves(metric))]
        asked = self.definitions.metrics[metric]
        one_period = grain_of(self.definitions, asked)
        return sorted(
            name
            for name in fields_of_metric(self.definitions, asked)
            if len({self._name(*leaf, name) for leaf in leaves}) == 1
            and (one_period is None or name not in GRAINS)
        )

    def categories(self, metric: str) -> set[str]:
        """Return all dimensions that the judge offers for the metric, as it names them; periods aside."""
        offered = self.engine.simple_dimensions_for_metrics([metric])
        return {one.dunder_name for one in offered if one.type is not DimensionType.TIME}

    def names(self, metric: str) -> set[str]:
        """Return the fields by which the judge can be asked as it names them; periods aside."""
        return {self._of(metric, name) for name in self.fields(metric) if name not in GRAINS}

    def rows(self, cursor: Cursor, metric: str, by: Sequence[str], where: Sequence[Condition] = ()) -> Values:
        """Return the metric's value of each group, of all rows or those of the conditions."""
        names = [self._of(metric, name) for name in by]
        request = MetricFlowQueryRequest.create(
            metric_names=[metric],
            group_by_names=names,
            where_constraints=[self._filter(metric, one) for one in where] or None,
        )
        sql = self.engine.explain(request).sql_statement.without_descriptions.sql
        cursor.execute(sql.replace(f'"{NO_LOGIN["WAREHOUSE_DB"]}".', ""))
        columns = [column.name for column in cursor.description]
        found = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        return values(found, names, metric)

    def _of(self, metric: str, name: str) -> str:
        leaf = min(self.definitions.leaves(metric))
        return self._name(*self.definitions.measures[leaf], name)

    def _name(self, model: SemanticModel, measure: Measure, name: str) -> str:
        if name in GRAINS:
            return f"metric_time__{name}"
        found = owner_of(self.definitions, source_of(model, measure), name)
        return f"{found[0] if found else model.key}__{name}"

    def _filter(self, metric: str, condition: Condition) -> str:
        name = self._of(metric, condition.field)
        if condition.field in GRAINS:
            field = f"TimeDimension('metric_time', '{condition.field}')"
        else:
            field = f"Dimension('{name}')"
        values = [f"'{value}'" for value in condition.values]
        if len(values) == 1:
            return f"{{{{ {field} }}}} {condition.operator} {values[0]}"
        word = {"=": "in", "!=": "not in"}[condition.operator]
        return f"{{{{ {field} }}}} {word} ({', '.join(values)})"


def own_rows(
    cursor: Cursor,
    definitions: Definitions,
    metric: str,
    by: Sequence[str],
    where: Sequence[Condition] = (),
) -> Values:
    """Return the same of include.metrics."""
    return values(ask(cursor, definitions, Question((metric,), tuple(by), tuple(where))), by, metric)


def values(rows: Sequence[dict], names: Sequence[str], metric: str) -> Values:
    """Return the values by group; a group without a value is none, as one in which nothing was counted."""
    found = [(tuple(_key(row[name]) for name in names), float(row[metric])) for row in rows if row[metric]]
    by_group = dict(found)
    assert len(by_group) == len(found), f"{metric} has two rows of one group"
    return by_group


def differences(judged: Values, own: Values) -> list[tuple]:
    """Return the groups in which both differ, with both values."""
    return [
        (key, judged.get(key), own.get(key))
        for key in judged.keys() | own.keys()
        if abs(judged.get(key, 0) - own.get(key, 0)) > TOLERANCE * max(1, abs(judged.get(key, 0)))
    ]


def combinations(judge: Judge, metric: str, seconds: Sequence[str]) -> list[tuple[str, ...]]:
    """Return nothing, every field, and every field with each of `seconds`; with the metric's period."""
    grain = grain_of(judge.definitions, judge.definitions.metrics[metric])
    fields = judge.fields(metric)
    pairs = [(one, two) for two, one in product(seconds, fields) if two in fields and one != two]
    always = (grain,) if grain else ()
    both = {tuple(sorted(one)) for one in [(), *((name,) for name in fields), *pairs]}
    return [always + one for one in sorted(both)]


def _key(value: object) -> str | None:
    """Return the value of a field as text: MetricFlow gives periods as timestamps."""
    return None if value is None else str(value)[:10] if hasattr(value, "year") else str(value)
