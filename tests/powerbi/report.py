"""A report in PBIR as data: pages in their order, each with its visuals in the order of the Tab key."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

DEFINITION = "definition/"


@dataclass(frozen=True)
class Visual:
    """One visual; `content` is its visual.json."""

    content: dict

    @property
    def kind(self) -> str:
        return self.content["visual"]["visualType"]

    @property
    def name(self) -> str:
        """What people find it by: its title, else what a screen reader says."""
        return self.title or self.text or self.content["name"]

    @property
    def place(self) -> dict:
        return self.content["position"]

    @property
    def title(self) -> str:
        return self._container("title", "text") if self._container("title", "show") != "false" else ""

    @property
    def text(self) -> str:
        """What a screen reader says."""
        return self._container("general", "altText")

    @property
    def roles(self) -> dict[str, list[dict]]:
        """Return the fields of each role."""
        state = self.content["visual"].get("query", {}).get("queryState", {})
        return {role: held["projections"] for role, held in state.items()}

    @property
    def filters(self) -> list[dict]:
        return self.content.get("filterConfig", {}).get("filters", [])

    def setting(self, group: str, name: str) -> str:
        """Return a format of the visual as text; empty where it has none."""
        return _literal(self.content["visual"].get("objects", {}).get(group, []), name)

    def _container(self, group: str, name: str) -> str:
        return _literal(self.content["visual"].get("visualContainerObjects", {}).get(group, []), name)


@dataclass(frozen=True)
class Page:
    """One page; `content` is its page.json."""

    content: dict
    visuals: tuple[Visual, ...]

    @property
    def name(self) -> str:
        return self.content["displayName"]


@dataclass(frozen=True)
class Report:
    """The pages in the order in which people see them, and the theme."""

    pages: tuple[Page, ...]
    theme: dict

    def visuals(self) -> Iterator[tuple[Page, Visual]]:
        """Yield all visuals with their pages."""
        for page in self.pages:
            yield from ((page, visual) for visual in page.visuals)


def report_of(files: Mapping[str, str]) -> Report:
    """Return the report with these files, by their paths in its folder."""
    contents = {path: json.loads(text) for path, text in files.items() if path.endswith(".json")}
    order = contents[f"{DEFINITION}pages/pages.json"]["pageOrder"]
    (theme,) = [content for path, content in contents.items() if "RegisteredResources" in path]
    return Report(tuple(_page(contents, name) for name in order), theme)


def fields(content: object) -> Iterator[tuple[str, str, str]]:
    """Yield kind, table and name of every column and measure that a part of a report names."""
    if isinstance(content, dict):
        for kind in ("Column", "Measure"):
            source = (
                content.get(kind, {}).get("Expression", {}).get("SourceRef", {}) if kind in content else {}
            )
            if "Entity" in source:
                yield kind, source["Entity"], content[kind]["Property"]
        content = list(content.values())
    for part in content if isinstance(content, list) else ():
        yield from fields(part)


def _page(contents: dict[str, dict], name: str) -> Page:
    folder = f"{DEFINITION}pages/{name}/"
    visuals = [Visual(content) for path, content in contents.items() if path.startswith(f"{folder}visuals/")]
    visuals.sort(key=lambda one: one.place.get("tabOrder", 0))
    return Page(contents[f"{folder}page.json"], tuple(visuals))


def _literal(objects: list[dict], name: str) -> str:
    for one in objects:
        value = one["properties"].get(name, {}).get("expr", {}).get("Literal", {}).get("Value")
        if value is not None:
            return value[1:-1].replace("''", "'") if value.startswith("'") else value
    return ""
