"""Which field tells kinds of documents apart: one of few texts, with which come different sets of fields."""

from collections import Counter
from dataclasses import dataclass
from itertools import permutations

from include.discover.fields import Beside, Scan
from include.discover.names import singulars, words_of

# The last word of fields that are made to tell kinds apart.
SPEAKING = {"type", "kind", "class", "cls", "t"}


@dataclass(frozen=True)
class _Tags:
    """A field that is a text in every document, and what stands beside each text."""

    name: str
    beside: dict[str, Beside]

    @property
    def has_own(self) -> bool:
        """Whether each text comes always with a field that comes with no other text."""
        return all(
            found.always.difference(*(other.ever for other in self.beside.values() if other is not found))
            for found in self.beside.values()
        )

    @property
    def differences(self) -> int:
        """How many fields one text has always, and some other text never."""
        pairs = permutations(self.beside.values(), 2)
        return sum(len(found.always - other.ever) for found, other in pairs)

    @property
    def is_repeated(self) -> bool:
        """Whether each text is in several documents: that of one has fields of its own by chance."""
        return all(found.documents > 1 for found in self.beside.values())


def find_discriminator(scan: Scan, collection: str) -> tuple[str | None, list[str]]:
    """Return the field that tells kinds apart (None: there are none), and fields that might as well.

    Of a field with a speaking name, such as `type`, some difference is enough; of any other, each text must
    have a field of its own: a `status` comes with fields as well, but says no kind.
    """
    found = [tags for tags in _candidates(scan) if tags.differences]
    speaking = [tags for tags in found if _is_speaking(tags.name, collection)]
    certain = [tags for tags in found if tags.is_repeated and tags.has_own]
    best = max(speaking or certain, key=lambda tags: tags.differences, default=None)
    return best and best.name, [tags.name for tags in found if tags.is_repeated and tags is not best]


def _candidates(scan: Scan) -> list[_Tags]:
    everywhere = Counter({"string": scan.documents})
    return [
        _Tags(name, beside)
        for name, beside in scan.tags.items()
        if name != "_id" and len(beside) > 1 and scan.root.fields[name].types == everywhere
        if all(text.strip() for text in beside)
    ]


def _is_speaking(name: str, collection: str) -> bool:
    """Tell whether the name is `type` or the like, maybe after the collection's: `event_type` of events."""
    *before, last = words_of(name) or [""]
    return last in SPEAKING and {*before} <= singulars(collection)
