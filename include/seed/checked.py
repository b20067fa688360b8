"""Check the documents of a file, each by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from include.rules.documents import DEEPEST, DocumentRules, find_managed_field
from include.rules.reasons import REPEATED_KEY, Problem, problem
from include.rules.rejected import Rejected
from include.seed.json_document import Element
from include.seed.storable import Schemas, find_write_problem, schemas_of_others
from include.specs import DocumentKind, MongoCollection

# Name of a kind -> the elements of its list.
Lists = Mapping[str, Sequence[Element]]


class Accepted(NamedTuple):
    """A document that passed the checks, with its kind: where it stood, and its text as it came."""

    position: str
    text: str
    document: dict[str, object]

    def rejected(self, broken: Problem) -> Rejected:
        """Return it as rejected after all."""
        return Rejected(self.position, *broken, row=self.text)


@dataclass
class Checked:
    """The documents of a file: by key those accepted, those rejected, and the keys of the latter."""

    accepted: dict[str, Accepted] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    rejected_keys: set[str] = field(default_factory=set)

    def check(self, collection: MongoCollection, lists: Lists) -> "Checked":
        """Sort the documents into those that may be loaded and the others."""
        of_others = schemas_of_others(collection)
        for kind in collection.kinds:
            rules = DocumentRules(kind)
            for index, element in enumerate(lists[kind.name]):
                position = f"{kind.name}[{index}]"
                if broken := self._problem(collection, rules, of_others[kind.name], element):
                    self.rejected.append(Rejected(position, *broken, row=element.text))
                    self.rejected_keys |= element.keys(collection.key)
                else:
                    self._accept(collection, kind, position, element)
        return self

    def _problem(
        self, collection: MongoCollection, rules: DocumentRules, of_others: Schemas, element: Element
    ) -> Problem | None:
        """Return the first thing wrong with a document."""
        document = element.value
        try:
            return (
                (element.problem if isinstance(document, dict) else None)
                or find_managed_field(collection, document)
                or rules.find_problem(document)
                or find_write_problem(of_others, document)
                or self._repeated_key(collection, document)
            )
        except RecursionError:
            # Python cannot print a value that its parser just managed to read.
            return problem("too_deep", DEEPEST)

    def _accept(
        self, collection: MongoCollection, kind: DocumentKind, position: str, element: Element
    ) -> None:
        document = {collection.discriminator: kind.tag, **element.value}
        self.accepted[document[collection.key]] = Accepted(position, element.text, document)

    def _repeated_key(self, collection: MongoCollection, document: Mapping) -> Problem | None:
        key = document[collection.key]
        if key not in self.accepted:
            return None
        return problem(REPEATED_KEY, "an earlier document", column=collection.key, value=key)
