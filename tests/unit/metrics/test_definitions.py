"""The definitions in dbt/models/semantic: complete, told apart, and what is refused of others."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from include.environment import ROOT
from include.errors import InputError
from include.metrics import Definitions, read_definitions
from include.metrics.fields import fields_of, source_of
from include.metrics.formats import named, shown
from include.metrics.page import page

META = {"unit", "format", "folder", "owner"}
REMEDY = "`make data-model` writes it anew"


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return read_definitions()


def test_every_metric_has_what_people_need_to_read_it(definitions):
    assert len(definitions.metrics) >= 30
    for metric in definitions.metrics.values():
        assert metric.meta.keys() >= META, metric.name
        assert metric.description.endswith("."), metric.name
    labels = Counter(metric.label for metric in definitions.metrics.values())
    assert labels.most_common(1)[0][1] == 1
    # In DAX a comma separates arguments, and not every reader of DAX looks for brackets first.
    assert [label for label in labels if "," in label] == []


def test_metrics_by_weight_are_named_by_their_twins(definitions):
    twins = {
        name: one.meta["by_genre"] for name, one in definitions.metrics.items() if "by_genre" in one.meta
    }
    assert len(twins) >= 4
    for name, twin in twins.items():
        assert definitions.metrics[twin].meta["unit"] == definitions.metrics[name].meta["unit"]
        measures = [definitions.measures[leaf] for leaf in definitions.leaves(twin)]
        assert all("genre" in fields_of(definitions, *measure) for measure in measures)


def test_a_dimension_is_found_by_one_path_only(definitions):
    for model, measure in definitions.measures.values():
        source = source_of(model, measure)
        found = Counter(source.dimensions.keys())
        for entity in source.entities:
            for owner in definitions.owners(entity):
                if owner is not model:
                    found.update(name for name, one in owner.dimensions.items() if one.grain is None)
        assert [name for name, times in found.items() if times > 1] == [], model.name


def test_marts_that_answer_hold_measures_that_there_are(definitions):
    for model in definitions.models.values():
        for mart in model.rollups:
            assert (mart.sums | mart.counts).keys() <= model.measures.keys(), mart.table
            assert all(model.measures[name].agg == "count_distinct" for name in mart.counts), mart.table


def test_the_page_of_metrics_is_that_of_the_definitions(definitions):
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == page(definitions), REMEDY


def test_the_page_names_every_metric_with_its_query(definitions):
    text = page(definitions)
    for name in definitions.metrics:
        assert f"`{name}` (" in text
    assert text.count("```sql") == len(definitions.metrics)


@pytest.mark.parametrize(
    ("kind", "params", "sentence"),
    [
        ("conversion", "{}", "odd: metrics of the type conversion are not compiled"),
        ("cumulative", "{measure: sessions}", "odd: a cumulative metric needs a window or grain_to_date"),
    ],
)
def test_what_is_not_compiled_is_refused_by_its_name(tmp_path: Path, kind, params, sentence):
    lines = ["metrics:", "  - name: odd", "    label: Odd", "    description: Odd.", f"    type: {kind}"]
    (tmp_path / "odd.yml").write_text("\n".join([*lines, f"    type_params: {params}"]))
    with pytest.raises(InputError, match=sentence):
        read_definitions(tmp_path)


@pytest.mark.parametrize(
    ("value", "pattern", "text"),
    [
        (1234567, "#,##0", "1,234,567"),
        (1234.56, "#,##0.0", "1,234.6"),
        (0.1234, "0.0%", "12.3%"),
        (None, "0.0%", ""),
        (-2.5, "#,##0.00", "-2.50"),
    ],
)
def test_numbers_are_shown_in_the_format_of_their_metric(value, pattern, text):
    assert shown(value, pattern) == text


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("month", date(2024, 8, 1), "2024-08"),
        ("quarter", date(2024, 10, 1), "2024-Q4"),
        ("year", date(2024, 1, 1), "2024"),
        ("week", date(2024, 8, 26), "2024-08-26"),
        ("cohort_month", date(2024, 8, 1), "2024-08-01"),
        ("is_weekend", True, "true"),
        ("months_since_registration", 3, "3"),
        ("release_year", None, "(none)"),
    ],
)
def test_values_are_shown_as_a_condition_takes_them(field, value, text):
    assert named(field, value) == text
