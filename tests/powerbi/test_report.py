"""The report breaks no rule, each rule finds what is planted, and what visuals name is in the model."""

import copy
import json
from collections.abc import Callable

import pytest

from include.metrics import read_definitions
from powerbi.generate.project import REPORT
from tests.powerbi.report import Page, Report, fields, report_of
from tests.powerbi.report_rules import RULES


@pytest.fixture(scope="module")
def report(generated: dict[str, str]) -> Report:
    return report_of(
        {path.removeprefix(f"{REPORT}/"): t for path, t in generated.items() if path.startswith(REPORT)}
    )


def chart(page: Page, kind: str = "clusteredBarChart") -> dict:
    """Return the first visual of the kind on the page."""
    return next(one.content for one in page.visuals if one.kind == kind)


def first(report: Report, kind: str = "clusteredBarChart") -> dict:
    """Return the first visual of the kind."""
    return next(visual.content for _, visual in report.visuals() if visual.kind == kind)


def cards(report: Report) -> list[dict]:
    return first(report, "cardVisual")["visual"]["query"]["queryState"]["Data"]["projections"]


def container(content: dict, group: str) -> dict:
    return content["visual"]["visualContainerObjects"][group][0]["properties"]


def literal(value: str) -> dict:
    return {"expr": {"Literal": {"Value": value}}}


def all_visuals(page: Page) -> list[dict]:
    return [one.content for one in page.visuals]


def put(content: dict, **values: object) -> None:
    content["position"].update(values)


PLANTED: dict[str, Callable[[Report], object]] = {
    "overlap": lambda r: put(r.pages[0].visuals[-1].content, **r.pages[0].visuals[-2].place),
    "off_the_page": lambda r: put(first(r), x=1000),
    "too_near": lambda r: put(r.pages[0].visuals[2].content, x=r.pages[0].visuals[1].place["x"]
                              + r.pages[0].visuals[1].place["width"] + 2),
    "not_in_line": lambda r: put(first(r), height=300),
    "too_small": lambda r: put(first(r, "slicer"), height=40),
    "too_many": lambda r: object.__setattr__(r.pages[0], "visuals", r.pages[0].visuals * 3),
    "other_width": lambda r: r.pages[1].content.update(width=1600),
    "no_heading": lambda r: first(r, "textbox")["visual"].update(visualType="slicer"),
    "same_page_name": lambda r: r.pages[1].content.update(displayName=r.pages[0].name),
    "reading_order": lambda r: put(r.pages[0].visuals[0].content, y=900),
    "no_tab_order": lambda r: first(r)["position"].pop("tabOrder"),
    "no_title": lambda r: container(first(r), "title").update(show=literal("false")),
    "same_title": lambda r: [container(one, "title").update(text=literal("'Numbers'"))
                             for one in all_visuals(r.pages[0])[-2:]],
    "long_title": lambda r: container(first(r), "title").update(text=literal(f"'{'long ' * 20}'")),
    "no_alt_text": lambda r: container(first(r), "general").pop("altText"),
    "alt_text_is_title": lambda r: container(first(r), "general").update(
        altText=container(first(r), "title")["text"]),
    "no_axis_title": lambda r: first(r)["visual"]["objects"].pop("valueAxis"),
    "name_of_a_machine": lambda r: first(r)["visual"]["query"]["queryState"]["Category"]["projections"][0]
    .update(displayName="subscription_type"),
    "barred_kind": lambda r: first(r)["visual"].update(visualType="pieChart"),
    "many_bars": lambda r: chart(r.pages[1])["filterConfig"].update(filters=[]),
    "many_cards": lambda r: cards(r).extend(cards(r)[:]),
    "unsorted": lambda r: first(r)["visual"]["query"].pop("sortDefinition"),
    "no_number": lambda r: first(r)["visual"]["query"]["queryState"].pop("Y"),
    "other_slicers": lambda r: chart(r.pages[1], "slicer")["visual"]["syncGroup"].update(groupName="other"),
    "slicer_alone": lambda r: first(r, "slicer")["visual"].pop("syncGroup"),
    "faint_text": lambda r: r.theme["textClasses"]["label"].update(color="#999999"),
    "faint_series": lambda r: r.theme["dataColors"].append("#ffe08a"),
    "faint_cell": lambda r: r.theme.update(foreground="#5b6b7d"),
    "same_series": lambda r: r.theme["dataColors"].append(r.theme["dataColors"][0].upper()),
    "colour_of_no_theme": lambda r: first(r)["visual"]["objects"].update(
        dataPoint=[{"properties": {"fill": literal("'#FF0000'")}}]),
    "small_text": lambda r: r.theme["textClasses"]["label"].update(fontSize=7),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_the_report_keeps_the_rule(report, rule):
    assert list(RULES[rule](report)) == []


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_finds_what_is_planted(report, rule):
    broken = copy.deepcopy(report)
    PLANTED[rule](broken)
    assert len(list(RULES[rule](broken))) > 0


def test_there_are_twenty_rules_and_more():
    assert len(RULES) >= 20
    assert PLANTED.keys() == RULES.keys()


def test_pages_are_those_of_the_dashboard_and_one_of_freshness(report):
    names = [page.name for page in report.pages]
    assert names == [
        "Users and subscriptions", "Content and engagement", "Sessions and usage", "How fresh the data are",
    ]  # fmt: skip


def test_every_metric_that_a_visual_shows_is_defined(report):
    labels = {metric.label for metric in read_definitions().metrics.values()}
    shown = {
        name
        for _, visual in report.visuals()
        for kind, _, name in fields(visual.content)
        if kind == "Measure"
    }
    assert len(shown) > 20
    assert {name.removesuffix(" of the last month") for name in shown} <= labels


def test_identifiers_are_such_as_desktop_takes(report):
    names = [page.content["name"] for page in report.pages]
    names += [visual.content["name"] for _, visual in report.visuals()]
    assert all(len(name) == 20 and int(name, 16) for name in names)
    assert len(names) == len(set(names))
    filters = [one["name"] for _, visual in report.visuals() for one in visual.filters]
    assert len(filters) == len(set(filters)) > 0


def test_constants_are_in_the_form_of_literals(report):
    for _, visual in report.visuals():
        text = json.dumps(visual.content["visual"].get("visualContainerObjects", {}))
        assert '"show": true' not in text
        assert '"text": "' not in text
