"""Write a proposal as YAML for sources.yml, each entry under what speaks for and against it."""

from collections.abc import Iterator, Mapping

import yaml

from include.discover.proposal import ArrayGuess, Entry, Guess, Proposal, Shape

DENT = "  "


class _Dumper(yaml.SafeDumper):
    """Writes a text with ends of lines in it between quotes, and so in one line."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"'
    ),
)


def yaml_of(proposal: Proposal, heading: str) -> str:
    """Return the text; read as sources.yml it is valid."""
    lines = [_comment(heading), *(_comment(f"Not proposed: {other}") for other in proposal.others)]
    lines.append(f"{proposal.engine}:" if proposal.entries else f"{proposal.engine}: {{}}")
    for entry in proposal.entries:
        lines += _indented(_entry(entry))
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _entry(entry: Entry) -> Iterator[str]:
    yield from map(_comment, entry.shape.notes)
    # A table of which no column can be declared has no words at all.
    is_empty = not (entry.shape.words or entry.shape.columns)
    yield f"{_scalar(entry.name)}:{' {}' if is_empty else ''}"
    yield from _indented(_shape(entry.shape))
    if entry.kinds:
        yield f"{DENT}kinds:"
    for name, kind in entry.kinds.items():
        yield from _indented(map(_comment, kind.notes), 2)
        yield f"{DENT * 2}{_scalar(name)}:"
        yield from _indented(_shape(kind), 3)


def _shape(shape: Shape) -> Iterator[str]:
    yield from (f"{word}: {_scalar(value)}" for word, value in shape.words.items())
    if shape.columns:
        yield "columns:"
        yield from _indented(_column(guess) for guess in shape.columns)
    if shape.arrays:
        yield "arrays:"
    for array in shape.arrays:
        yield from _indented(_array(array))


def _array(array: ArrayGuess) -> Iterator[str]:
    yield from map(_comment, array.notes)
    yield f"{_scalar(array.field)}:"
    yield from (f"{DENT}{word}: {_scalar(value)}" for word, value in array.words.items())
    if array.element:
        words = {"name": array.element.name, **_words(array.element)}
        yield f"{DENT}element: {_scalar(words)}{_after(array.element)}"
    else:
        yield f"{DENT}columns:"
        yield from _indented((_column(guess) for guess in array.columns), 2)


def _column(guess: Guess) -> str:
    words = _words(guess)
    value = words if len(words) > 1 else guess.type
    return f"{_scalar(guess.name)}: {_scalar(value)}{_after(guess)}"


def _words(guess: Guess) -> Mapping[str, object]:
    words: dict[str, object] = {"type": guess.type}
    if guess.path is not None:
        words["path"] = guess.path
    return words | ({"personal": True} if guess.personal else {})


def _after(guess: Guess) -> str:
    """Return the notes on a column as the comment at the end of its line."""
    return f"  {_comment('; '.join(guess.notes))}" if guess.notes else ""


def _scalar(value: object) -> str:
    """Return a value in one line of YAML, quoted where it must be."""
    options = {"default_flow_style": True, "allow_unicode": True, "sort_keys": False, "width": float("inf")}
    return yaml.dump(value, Dumper=_Dumper, **options).removesuffix("\n").removesuffix("\n...")


def _comment(text: str) -> str:
    """Return the text as one comment: names in it may hold anything, also the end of a line."""
    return "# " + "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _indented(lines: Iterator[str], depth: int = 1) -> Iterator[str]:
    return (f"{DENT * depth}{line}" for line in lines)
