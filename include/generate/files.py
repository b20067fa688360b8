"""Write the three files of a date, whole or not at all.

Data flow: World, day by day -> viewing_sessions.csv and tallies -> users.csv, content.json.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO

import numpy as np
from tqdm import tqdm

from include.generate import defects as mistakes
from include.generate.catalogue import Document
from include.generate.rows import SESSIONS_HEADER, USERS_HEADER, SessionText, users_text
from include.generate.sessions import SessionDay
from include.generate.streams import stream
from include.generate.timeline import LAUNCH, Size
from include.generate.world import World


def write_files(
    out_dir: Path,
    *,
    as_of: date,
    seed: int,
    size: Size,
    defects: float = 0.0,
    progress: bool = False,
) -> dict[str, int]:
    """Write users.csv, viewing_sessions.csv and content.json as they stand at the end of a date.

    `defects` is the share of rows to break. Returns the rows written: users, viewing_sessions,
    movies, series. Raises ValueError for arguments that no world can have.
    """
    _check(as_of, seed, size, defects)
    out_dir.mkdir(parents=True, exist_ok=True)
    writer = _Writer(World(seed, size, as_of), seed, defects)
    with (
        replacing(out_dir / "viewing_sessions.csv") as sessions,
        replacing(out_dir / "users.csv") as users,
        replacing(out_dir / "content.json") as content,
    ):
        return (
            writer.write_sessions(sessions, progress)
            | writer.write_users(users)
            | writer.write_content(content)
        )


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


class _Writer:
    """Writes one world's files; the sessions first, because the others need their tallies."""

    def __init__(self, world: World, seed: int, share: float) -> None:
        self._world, self._seed, self._share = world, seed, share
        self._minutes = np.zeros(len(world.users.active), np.int64)  # by user, of the rows written
        self._views = np.zeros(len(world.catalogue.ids), np.int64)  # by title, deleted rows too

    def write_sessions(self, file: BinaryIO, progress: bool) -> dict[str, int]:
        world, count = self._world, 0
        text = SessionText(len(self._minutes), world.catalogue)
        file.write(SESSIONS_HEADER)
        days = tqdm(
            world.live(),
            total=world.today + 1,
            unit="day",
            file=sys.stderr,
            disable=None if progress else True,  # None: off unless it is a terminal
        )
        for day, (_, watched) in enumerate(days):
            rows = watched.seen_on(world.today)
            np.add.at(self._minutes, rows.user, rows.minutes)
            np.add.at(self._views, watched.title[watched.arrives <= world.today], 1)
            file.write(self._break_rows(text.write(day, rows), day, watched, rows))
            count += len(rows.number)
        return {"viewing_sessions": count}

    def write_users(self, file: BinaryIO) -> dict[str, int]:
        who = np.flatnonzero(self._world.users.active)
        text = users_text(self._world.users, who, self._minutes, self._world.today)
        if self._share:
            drawn = self._draw("users", len(self._minutes), mistakes.USER_MISTAKES)
            text = mistakes.break_lines(text, drawn[who], mistakes.USER_MISTAKES)
        file.write(USERS_HEADER + text)
        return {"users": len(who)}

    def write_content(self, file: BinaryIO) -> dict[str, int]:
        content = self._world.catalogue.documents_on(self._world.today, self._views)
        counts = {kind: len(titles) for kind, titles in content.items()}
        if self._share:
            for kind, titles in content.items():
                drawn = self._draw(kind, len(titles), mistakes.TITLE_MISTAKES)
                content[kind] = mistakes.break_documents(titles, drawn)
        file.write(_content_text(content))
        return counts

    def _break_rows(self, text: bytes, day: int, watched: SessionDay, rows: SessionDay) -> bytes:
        if not self._share or not text:
            return text
        kinds = mistakes.SESSION_MISTAKES
        drawn = self._draw("viewing_sessions", len(watched.number), kinds, day)
        return mistakes.break_lines(text, drawn[rows.number - watched.number[0]], kinds)

    def _draw(self, name: str, count: int, kinds: dict, day: int = 0) -> np.ndarray:
        random = stream(self._seed, f"defects in {name}", day)
        return mistakes.draw_defects(random, count, self._share, len(kinds))


def _content_text(content: dict[str, list[Document]]) -> bytes:
    """Write valid JSON with one title a line, so that files of two days can be compared."""
    parts = (
        f'"{kind}": [\n' + ",\n".join(json.dumps(t, ensure_ascii=False) for t in titles) + "\n]"
        for kind, titles in content.items()
    )
    return ("{" + ",\n".join(parts) + "}\n").encode()


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
