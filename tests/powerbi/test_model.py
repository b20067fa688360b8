"""The generated model: read strictly, held together, and judged by Microsoft's best-practice rules."""

import copy

import pytest

from include.metrics import Definitions
from powerbi.generate import project
from powerbi.generate.project import MODEL, REPORT
from powerbi.generate.settings import MODES
from tests.powerbi import references, tmdl
from tests.powerbi.best_practice.exceptions import EXCUSED, IN_DIRECT_QUERY, NOT_KEPT
from tests.powerbi.best_practice.judge import broken
from tests.powerbi.best_practice.rules import RULES
from tests.powerbi.nodes import Model
from tests.powerbi.report import fields, report_of


@pytest.fixture(scope="module", params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """Either way in which Power BI may read the star, whichever the exposure names."""
    return request.param


@pytest.fixture(scope="module")
def model(
    mode: str, manifest: dict, definitions: Definitions, tmp_path_factory: pytest.TempPathFactory
) -> Model:
    folder, changed = tmp_path_factory.mktemp("model"), copy.deepcopy(manifest)
    (exposure,) = changed["exposures"].values()
    exposure["config"]["meta"]["power_bi"]["mode"] = mode
    for path, text in project(changed, definitions).items():
        if path.startswith(f"{MODEL}/definition/"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    return tmdl.read(folder / MODEL / "definition")


def test_the_model_is_what_tmdl_allows(model):
    assert model.problems == []
    assert len(model.tables()) > 20


def test_what_the_model_names_is_in_it(model):
    assert references.problems(model) == []


def test_best_practices_are_kept_but_for_those_that_are_excused_with_a_reason(model, mode):
    found = broken(model)
    not_kept = NOT_KEPT | (IN_DIRECT_QUERY if mode == "directQuery" else {})
    assert {(rule, name) for rule, name in found if rule not in not_kept} == set(EXCUSED)
    assert {rule for rule, _ in found if rule in not_kept} == not_kept.keys()


def test_only_an_imported_table_is_refreshed_by_days(model, mode):
    modes = {one.properties["mode"] for one in model.every("partition") if one.name != "Metrics"}
    assert modes == {mode}
    assert len(model.every("refreshPolicy")) == (2 if mode == "import" else 0)
    ranges = {"RangeStart", "RangeEnd"} & {one.name for one in model.expressions()}
    assert len(ranges) == len(model.every("refreshPolicy"))


def test_only_rules_of_the_lowest_severity_are_not_kept():
    severities = {name: rule["Severity"] for name, rule in RULES.items()}
    assert {severities[rule] for rule in NOT_KEPT} == {1}
    assert {severities[rule] for rule, _ in EXCUSED} <= {1, 2}


def test_what_visuals_name_is_in_the_model(model, generated):
    known = {("Column", table.name, one.name) for table in model.tables() for one in model.columns(table)}
    known |= {("Measure", one.parent.name, one.name) for one in model.measures()}
    files = {
        path.removeprefix(f"{REPORT}/"): text for path, text in generated.items() if path.startswith(REPORT)
    }
    used = {one for _, visual in report_of(files).visuals() for one in fields(visual.content)}
    assert len(used) > 40
    assert used - known == set()
