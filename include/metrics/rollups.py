"""Which marts answer what a question needs of a table, so that the table need not be read."""

from collections.abc import Sequence
from itertools import groupby

from include.metrics.atoms import Atom
from include.metrics.definitions import Definitions, Rollup, SemanticModel
from include.metrics.fields import Source, filter_fields, reachable, source_of, source_of_rollup
from include.metrics.questions import Question


def sources(
    definitions: Definitions, question: Question, model: SemanticModel, atoms: Sequence[Atom]
) -> list[tuple[Source, list[Atom]]]:
    """Return what each of the model's atoms is read from: one mart, else several, else the model's table."""
    found = [_marts(definitions, question, model, atom) for atom in atoms]
    if shared := [mart for mart in model.rollups if all(mart in marts for marts in found)]:
        return [(source_of_rollup(shared[0]), list(atoms))]
    if not all(found):
        # The table is read in any case.
        return [(source_of(model, model.measures[atoms[0].measure]), list(atoms))]
    pairs = sorted(zip(found, atoms, strict=True), key=lambda pair: model.rollups.index(pair[0][0]))
    return [
        (source_of_rollup(mart), [atom for _, atom in group])
        for mart, group in groupby(pairs, key=lambda pair: pair[0][0])
    ]


def _marts(definitions: Definitions, question: Question, model: SemanticModel, atom: Atom) -> list[Rollup]:
    """Return the marts that hold the atom for the question."""
    if model.measures[atom.measure].is_last:
        return []
    needed = {*question.by, *(one.field for one in question.where)}
    needed |= {name for text in atom.filters for name in filter_fields(text)}
    return [
        mart
        for mart in model.rollups
        if needed <= reachable(definitions, source_of_rollup(mart))
        and (atom.measure in mart.sums or (atom.measure in mart.counts and _is_exact(question, mart, atom)))
    ]


def _is_exact(question: Question, mart: Rollup, atom: Atom) -> bool:
    """Tell whether each group of the answer is one row of the mart: people counted twice cannot be told."""
    keys = {*mart.dimensions, *([mart.grain] if mart.grain else [])}
    by = set(question.by)
    is_plain = not (atom.filters or mart.entities or atom.shift.is_running)
    return is_plain and by <= keys <= by | question.pinned
