"""Copies of the specimen, a small model written by hand, with one thing wrong in them."""

import shutil
from pathlib import Path

from tests.powerbi.tmdl import Model, read

SPECIMEN = Path(__file__).parent / "specimen"


def changed(folder: Path, *edits: tuple[str, str, str]) -> Model:
    """Read a copy of the specimen in the folder, in whose files texts are replaced by others.

    An edit is a file, a text that it holds, and what to write instead of its first occurrence; an empty text
    stands for the file's end, and makes the file where there is none.
    """
    shutil.copytree(SPECIMEN, folder, dirs_exist_ok=True)
    for file, old, new in edits:
        path = folder / file
        text = path.read_text() if path.exists() else ""
        assert old in text, f"{file} does not hold {old!r}"
        path.write_text(text.replace(old, new, 1) if old else text + new)
    return read(folder)
