"""What stands in each file of a date: a writer for each source.

A writer takes the draft of the date and a file, and returns the rows that it wrote by name. Rows are written
as they are, or broken in the ways of `defects.py`.
"""

import json
import sys
from typing import BinaryIO

import numpy as np
from tqdm import tqdm

from include.generate import defects as mistakes
from include.generate.catalogue import Document
from include.generate.rows import SessionText, csv_header, users_text
from include.generate.sessions import SessionDay
from include.generate.streams import stream
from include.generate.world import World
from include.tables import SOURCES_BY_NAME


class Draft:
    """A world on a date, the share of rows to break, and the tallies of the sessions that were written."""

    def __init__(self, world: World, seed: int, share: float) -> None:
        self.world, self.share = world, share
        self.minutes = np.zeros(len(world.users.active), np.int64)  # by user, of the rows written
        self.views = np.zeros(len(world.catalogue.ids), np.int64)  # by title, deleted rows too
        self._seed = seed

    def draw_defects(self, name: str, count: int, kinds: dict, day: int = 0) -> np.ndarray:
        """Draw which of `count` rows have which kind of mistake; the same rows on every date."""
        random = stream(self._seed, f"defects in {name}", day)
        return mistakes.draw_defects(random, count, self.share, len(kinds))


def write_viewing_sessions(draft: Draft, file: BinaryIO) -> dict[str, int]:
    """Write viewing_sessions.csv day by day, and count minutes and views; a terminal sees the progress."""
    world, count = draft.world, 0
    text = SessionText(len(draft.minutes), world.catalogue)
    file.write(csv_header(SOURCES_BY_NAME["viewing_sessions"]))
    # disable=None: off unless it is a terminal.
    days = tqdm(world.live(), total=world.today + 1, unit="day", file=sys.stderr, disable=None)
    for day, (_, watched) in enumerate(days):
        rows = watched.seen_on(world.today)
        np.add.at(draft.minutes, rows.user, rows.minutes)
        np.add.at(draft.views, watched.title[watched.arrives <= world.today], 1)
        file.write(_break_rows(draft, text.write(day, rows), day, watched, rows))
        count += len(rows.number)
    return {"viewing_sessions": count}


def write_users(draft: Draft, file: BinaryIO) -> dict[str, int]:
    """Write users.csv, given the minutes that everyone watched."""
    who = np.flatnonzero(draft.world.users.active)
    text = users_text(draft.world.users, who, draft.minutes, draft.world.today)
    if draft.share:
        drawn = draft.draw_defects("users", len(draft.minutes), mistakes.USER_MISTAKES)
        text = mistakes.break_lines(text, drawn[who], mistakes.USER_MISTAKES)
    file.write(csv_header(SOURCES_BY_NAME["users"]) + text)
    return {"users": len(who)}


def write_content(draft: Draft, file: BinaryIO) -> dict[str, int]:
    """Write content.json, given the views of every title."""
    content = draft.world.catalogue.documents_on(draft.world.today, draft.views)
    counts = {kind: len(titles) for kind, titles in content.items()}
    if draft.share:
        for kind, titles in content.items():
            drawn = draft.draw_defects(kind, len(titles), mistakes.TITLE_MISTAKES)
            content[kind] = mistakes.break_documents(titles, drawn)
    file.write(_content_text(content))
    return counts


def _break_rows(draft: Draft, text: bytes, day: int, watched: SessionDay, rows: SessionDay) -> bytes:
    """Break rows of one watch day; which ones is drawn for all its sessions, whatever the file holds."""
    if not draft.share or not text:
        return text
    kinds = mistakes.SESSION_MISTAKES
    drawn = draft.draw_defects("viewing_sessions", len(watched.number), kinds, day)
    return mistakes.break_lines(text, drawn[rows.number - watched.number[0]], kinds)


def _content_text(content: dict[str, list[Document]]) -> bytes:
    """Write valid JSON with one title a line, so that files of two days can be compared."""
    parts = (
        f'"{kind}": [\n' + ",\n".join(json.dumps(t, ensure_ascii=False) for t in titles) + "\n]"
        for kind, titles in content.items()
    )
    return ("{" + ",\n".join(parts) + "}\n").encode()
