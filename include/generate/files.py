"""Write the files of a date, whole or not at all: one writer for each source of `sources.yml`.

Data flow: World, day by day -> viewing_sessions.csv and tallies -> users.csv, content.json.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO

from include.errors import InputError
from include.generate.timeline import LAUNCH, Size
from include.generate.world import World
from include.generate.writers import Draft, write_content, write_users, write_viewing_sessions
from include.tables import PLAYED

# Source -> its writer, in the order of writing: the sessions first, because the others need their tallies.
WRITERS = {
    "viewing_sessions": write_viewing_sessions,
    "users": write_users,
    "content": write_content,
}


def write_files(out_dir: Path, *, as_of: date, seed: int, size: Size, defects: float = 0.0) -> dict[str, int]:
    """Write the file of every source as it stands at the end of a date.

    `defects` is the share of rows to break. Returns the rows written: users, viewing_sessions,
    movies, series. Raises ValueError for arguments that no world can have, and InputError where
    sources.yml has no product.
    """
    _check(as_of, seed, size, defects)
    out_dir.mkdir(parents=True, exist_ok=True)
    draft = Draft(World(seed, size, as_of), seed, defects)
    counts: dict[str, int] = {}
    with ExitStack() as stack:
        files = {name: stack.enter_context(replacing(out_dir / file)) for name, file in _names().items()}
        for name, write in WRITERS.items():
            counts |= write(draft, files[name])
    return counts


def _names() -> dict[str, str]:
    """Return the name of each source's file. Raises InputError when the product is not declared."""
    files = {source.name: source.file for source in PLAYED}
    if missing := WRITERS.keys() - files:
        raise InputError(
            f"include/sources.yml has no entry with a file for {', '.join(sorted(missing))}, which"
            " SOURCES=played plays. Set SOURCES=existing in .env, or bring the product's entries back"
        )
    return {name: files[name] for name in WRITERS}


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its name only when all is written; on an error the old one stays."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb", buffering=1 << 20) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _check(as_of: date, seed: int, size: Size, defects: float) -> None:
    if as_of < LAUNCH:
        raise ValueError(f"as_of is {as_of}, but the service starts on {LAUNCH}: give a later date")
    if seed < 0:
        raise ValueError(f"seed is {seed}: give a whole number from 0 up")
    for name, count in vars(size).items():
        if count < 1:
            raise ValueError(f"{name} is {count}: a world needs at least 1")
    if not 0 <= defects <= 1:
        raise ValueError(f"defects is {defects}: give the share of rows to break, from 0 to 1")
