"""Write the files of a date, whole or not at all: one writer for each source of `sources.yml`.

Data flow: World, day by day -> viewing_sessions.csv and tallies -> users.csv, content.json.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO

from include.generate.timeline import LAUNCH, Size
from include.generate.world import World
from include.generate.writers import Draft, write_content, write_users, write_viewing_sessions
from include.tables import SOURCES_BY_NAME

# Source -> its writer, in the order of writing: the sessions first, because the others need their tallies.
WRITERS = {
    "viewing_sessions": write_viewing_sessions,
    "users": write_users,
    "content": write_content,
}


def write_files(out_dir: Path, *, as_of: date, seed: int, size: Size, defects: float = 0.0) -> dict[str, int]:
    """Write the file of every source as it stands at the end of a date.

    `defects` is the share of rows to break. Returns the rows written: users, viewing_sessions,
    movies, series. Raises ValueError for arguments that no world can have.
    """
    _check(as_of, seed, size, defects)
    out_dir.mkdir(parents=True, exist_ok=True)
    draft = Draft(World(seed, size, as_of), seed, defects)
    counts: dict[str, int] = {}
    with ExitStack() as stack:
        paths = {name: out_dir / SOURCES_BY_NAME[name].file for name in WRITERS}
        files = {name: stack.enter_context(replacing(path)) for name, path in paths.items()}
        for name, write in WRITERS.items():
            counts |= write(draft, files[name])
    return counts


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
