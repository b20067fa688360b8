"""A semantic model as a tree of nodes, one for each object that its TMDL files declare."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.powerbi.names import parts


@dataclass(eq=False)
class Node:
    """An object: properties by their documented name, `expression` is what stands after its equals sign."""

    kind: str
    name: str
    file: str
    line: int
    properties: dict[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    expression: str | None = None
    description: str = ""
    parent: "Node | None" = field(default=None, repr=False)

    def of(self, kind: str) -> list["Node"]:
        """Return the children of a kind."""
        return [child for child in self.children if child.kind == kind]

    def has(self, flag: str) -> bool:
        """Whether a boolean property is set to true."""
        return self.properties.get(flag) == "true"

    def ends(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return table and column of a relationship's two ends, from and to; nothing for what is no path."""
        return parts(self.properties.get("fromColumn", "")), parts(self.properties.get("toColumn", ""))

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def label(self) -> str:
        """What readers call it: `Title`, `Title[Kind]`, `Session[Title Key] -> Title[Title Key]`."""
        if self.kind == "relationship":
            return " -> ".join("{}[{}]".format(*end) if len(end) == 2 else "?" for end in self.ends())
        owner = self.parent.label if self.parent and self.parent.kind != "calculationGroup" else ""
        return f"{owner}[{self.name}]" if owner else self.name

    def walk(self) -> Iterator["Node"]:
        """Yield the node and everything below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(eq=False)
class Model:
    """The objects of all files, and what their text breaks of the grammar: `file:line: what is wrong`."""

    objects: list[Node] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def every(self, kind: str) -> list[Node]:
        """Return the objects of a kind, at whatever depth."""
        return [node for root in self.objects for node in root.walk() if node.kind == kind]

    def tables(self) -> list[Node]:
        return self.every("table")

    def columns(self, table: Node) -> list[Node]:
        return table.of("column")

    def measures(self) -> list[Node]:
        return self.every("measure")

    def relationships(self) -> list[Node]:
        return self.every("relationship")

    def roles(self) -> list[Node]:
        return self.every("role")

    def expressions(self) -> list[Node]:
        return self.every("expression")
