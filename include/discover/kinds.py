"""Which field tells kinds of documents apart: one of few texts, with which come different sets of fields."""

from collections import Counter
from dataclasses import dataclass

from include.discover.fields import Scan
from include.discover.names import singulars, words_of

# The last word of fields that are made to tell kinds apart.
SPEAKING = {"type", "kind", "class", "cls", "t"}


@dataclass(frozen=True)
class _Tags:
    """A field that is a text in every document: for each text, the fields always and ever beside it."""

    name: str
    counts: dict[str, int]
    always: dict[str, frozenset[str]]
    ever: dict[str, frozenset[str]]

    @property
    def own(self) -> dict[str, int]:
        """How many fields each text has always, and no other text ever."""
        others = {text: [self.ever[other] for other in self.ever if other != text] for text in self.ever}
        return {text: len(self.always[text].difference(*others[text])) for text in self.always}

    @property
    def differences(self) -> int:
        """How many fields one text has always, and some other text never."""
        return sum(len(self.always[a] - self.ever[b]) for a in self.always for b in self.ever)


def find_discriminator(scan: Scan, collection: str) -> tuple[str | None, list[str]]:
    """Return the field that tells kinds apart (None: there are none), and fields that might as well.

    Of a field with a speaking name, such as `type`, some difference is enough; of any other, each text must
    have a field of its own: a `status` comes with fields as well, but says no kind.
    """
    found = [tags for tags in _candidates(scan) if tags.differences]
    speaking = [tags for tags in found if _is_speaking(tags.name, collection)]
    certain = [tags for tags in found if all(tags.own.values()) and min(tags.counts.values()) > 1]
    best = max(speaking or certain, key=lambda tags: tags.differences, default=None)
    return best and best.name, [tags.name for tags in found if tags is not best]


def _candidates(scan: Scan) -> list[_Tags]:
    everywhere = Counter({"string": scan.documents})
    fields = {
        name: values for name, values in scan.tags.items() if scan.root.fields[name].types == everywhere
    }
    return [
        _Tags(
            name,
            {text: shapes.total() for text, shapes in values.items()},
            {text: frozenset.intersection(*shapes) for text, shapes in values.items()},
            {text: frozenset.union(*shapes) for text, shapes in values.items()},
        )
        for name, values in fields.items()
        if name != "_id" and len(values) > 1 and all(text.strip() for text in values)
    ]


def _is_speaking(name: str, collection: str) -> bool:
    """Tell whether the name is `type` or the like, maybe after the collection's: `event_type` of events."""
    *before, last = words_of(name) or [""]
    return last in SPEAKING and {*before} <= singulars(collection)
