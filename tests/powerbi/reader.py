"""One TMDL file as nodes: which line declares an object, and which one sets a property.

A line's depth in tabs says whose it is: an object's properties and children are one deeper than the object,
the lines of its expression two.
"""

import re

from tests.powerbi.grammar import EXPRESSION, KEYWORDS, KINDS, NEVER_BARE, ROOTS, TEXT, Kind
from tests.powerbi.lines import Line, Lines
from tests.powerbi.names import LOOSE_NAME, NAME, split_name
from tests.powerbi.nodes import Node
from tests.powerbi.values import checked

KEYWORD = re.compile(r"([A-Za-z]+)(?=[\s:=]|$)\s*(.*)")
FENCE = "```"


class Reader:
    """Reads a file's text: the nodes at its root, and sentences about what the grammar does not allow."""

    def __init__(self, file: str, text: str) -> None:
        self.nodes: list[Node] = []
        self.problems: list[str] = []
        self._file = file
        self._lines = Lines(text)
        # The objects that the next line may belong to, outermost first: one for each depth.
        self._open: list[Node] = []
        self._description: list[str] = []

    def read(self) -> None:
        """Read every line."""
        for line in self._lines:
            if line.text.startswith("///"):
                self._description.append(line.text[3:].strip())
            elif line.text:
                self._statement(line)
                self._description = []
            elif self._description:
                self._report(line, "a blank line parts a description from its object")
                self._description = []
        if self._description:
            self.problems.append(f"{self._file}: a description at the end describes nothing")

    def _statement(self, line: Line) -> None:
        """Read the line of an object or a property; report one that is neither, and skip what is below it."""
        keyword = KEYWORD.fullmatch(line.text)
        if wrong := _unreadable(line, keyword, len(self._open)):
            self._reject(line, wrong)
            return
        word, rest = keyword.groups()
        del self._open[line.depth :]
        properties = KINDS[self._open[-1].kind].properties if self._open else {}
        name = next((name for name in properties if name.lower() == word.lower()), "")
        if word.lower() == "ref":
            self._reference(line, rest)
        elif name and (rest or name not in KINDS):
            self._property(line, name, rest)
        else:
            self._object(line, KEYWORDS.get(word.lower(), word), rest)

    def _reference(self, line: Line, rest: str) -> None:
        """Read `ref table Title`, which gives an object's place among its like."""
        word, _, name = rest.partition(" ")
        found = split_name(name.strip())
        if not found or found[1] or self._open or self._description:
            self._report(line, "a ref is `ref <kind> <name>`, at the root and without a description")
            return
        self.nodes.append(Node(f"ref {word}", found[0], self._file, line.number))

    def _property(self, line: Line, name: str, rest: str) -> None:
        owner = self._open[-1]
        if self._description:
            self._report(line, f"a description stands above the property {name}")
        if name in owner.properties:
            self._report(line, f"{name} is set twice")
        kind = KINDS[owner.kind].properties[name]
        if kind == EXPRESSION:
            if not rest.startswith("="):
                self._reject(line, f"{name} takes an equals sign and an expression")
                return
            owner.properties[name] = self._expression(line, rest[1:].strip(), line.depth + 1)
            return
        owner.properties[name], wrong = checked(kind, rest)
        if wrong:
            self._report(line, f"{name} {wrong}")

    def _object(self, line: Line, word: str, rest: str) -> None:
        allowed = KINDS[self._open[-1].kind].children if self._open else ROOTS
        if word not in allowed:
            owner = self._open[-1].kind if self._open else "a file"
            self._reject(line, f"{owner} has no {word}")
            return
        kind = KINDS[word]
        named = self._name(word, kind, rest)
        if named is None:
            self._reject(line, f"{word} has no name")
            return
        node = Node(word, named[0], self._file, line.number, description=" ".join(self._description))
        if not node.name.isprintable():
            self._report(line, f"the name {node.name!r} holds a control character")
        if node.description and not kind.described:
            self._report(line, f"{word} takes no description")
        self._add(node)
        self._default(line, node, kind, named[1])

    @staticmethod
    def _name(word: str, kind: Kind, rest: str) -> tuple[str, str] | None:
        """Return an object's name and what follows it; an empty one where its kind has none."""
        if not kind.named or (word == "database" and not rest):
            return "", rest
        return split_name(rest, LOOSE_NAME if word in ("annotation", "extendedProperty") else NAME)

    def _add(self, node: Node) -> None:
        if self._open:
            node.parent = self._open[-1]
            node.parent.children.append(node)
        else:
            self.nodes.append(node)
        self._open.append(node)

    def _default(self, line: Line, node: Node, kind: Kind, rest: str) -> None:
        """Read what follows an object's name: nothing, or an equals sign and its default property."""
        if not rest:
            if node.kind in NEVER_BARE:
                self._report(line, f"{node.kind} {node.name} lacks its equals sign and value")
        elif not rest.startswith("="):
            self._report(line, f"{rest!r} follows the name; a name with blanks or signs is quoted")
        elif not kind.default:
            self._report(line, f"{node.kind} takes no equals sign")
        elif kind.default in (EXPRESSION, TEXT):
            node.expression = self._expression(line, rest[1:].strip(), line.depth + 2)
        else:
            value, wrong = checked(kind.properties[kind.default], ":" + rest[1:])
            node.properties[kind.default] = value
            if wrong:
                self._report(line, f"{node.kind} {wrong}")

    def _expression(self, line: Line, rest: str, depth: int) -> str:
        """Return the text after an equals sign: of the line, of the fence it opens, or of deeper lines."""
        if not rest.startswith(FENCE):
            text = rest or self._lines.block(depth)
            if not text:
                self._report(line, "an expression is empty, or not indented below its object's properties")
            return text
        if rest != FENCE:
            self._report(line, "text follows the three backticks that open an expression")
        text = self._lines.fenced()
        if text is None:
            self._report(line, "three backticks open an expression that no line of three backticks ends")
        return text or ""

    def _reject(self, line: Line, wrong: str) -> None:
        self._report(line, wrong)
        self._lines.block(line.depth + 1)

    def _report(self, line: Line, wrong: str) -> None:
        self.problems.append(f"{self._file}:{line.number}: {wrong}")


def _unreadable(line: Line, keyword: re.Match[str] | None, open_depth: int) -> str:
    """Return why a line is no statement: its indentation, a comment, or no keyword at its beginning."""
    if line.text.startswith(" "):
        return "is indented with blanks, not with tabs alone"
    if line.text.startswith("//"):
        return "TMDL knows no comments, descriptions have three slashes"
    if line.depth > open_depth:
        return f"is indented by {line.depth} tabs, its object by {open_depth - 1} or less"
    return "" if keyword else f"{line.text[:40]!r} begins with no keyword"
