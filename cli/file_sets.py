"""Sets of source files: the files of include/tables.py in one folder, delivered together.

Data flow: folder -> what its files look like, until that stays -> copy, hashed on the way -> fingerprint.
The originals are only read.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from stat import S_ISREG

from include.tables import FILES, PLAYED

NAMES = tuple(source.file for source in PLAYED)
# How the name of a copy begins that is not whole yet.
UNFINISHED = "."
COPIES_KEPT = 7
FINGERPRINT_DIGITS = 32
CHUNK_BYTES = 1 << 20
# Strings count whole, since they may hold brackets; a quote alone begins one that does not end.
BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}"]', re.DOTALL)
DEPTHS = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}

Look = Mapping[str, tuple[int, int, int]]


class IncompleteSetError(Exception):
    """The files are no whole set, or not any more; the message says why, after the folder's name."""


def look_at(folder: Path) -> Look:
    """Return size, time of change and number of each file of a set that is there. Raises OSError."""
    found = {}
    for name in NAMES:
        try:
            file = (folder / name).stat()
        except FileNotFoundError:
            continue
        if S_ISREG(file.st_mode):
            found[name] = (file.st_size, file.st_mtime_ns, file.st_ino)
    return found


def refuse_missing(look: Look) -> None:
    """Raise IncompleteSetError for a set that lacks a file."""
    if missing := [name for name in NAMES if name not in look]:
        raise IncompleteSetError(f"there is no {', no '.join(missing)}. A set is {FILES}")


def copy_set(folder: Path, look: Look, copies: Path) -> Path:
    """Copy the files that look so; return the copy, which is named for their fingerprint.

    The same files have one copy, however often they come. Raises IncompleteSetError when a file is not whole,
    or changes meanwhile, and OSError for what cannot be read or written.
    """
    unfinished = copies / f"{UNFINISHED}{os.getpid()}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        fingerprint = _copy_files(folder, unfinished)
        if look_at(folder) != look:
            raise IncompleteSetError("its files changed while they were read")
        for name in NAMES:
            _refuse_half(unfinished / name)
        # Copies are kept by the age of the files, which is the same when an old set is copied again.
        newest = max(changed for _, changed, _ in look.values())
        os.utime(unfinished, ns=(newest, newest))
        copy = copies / fingerprint
        if not copy.exists():
            unfinished.rename(copy)
        return copy
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def remove_old_copies(copies: Path, in_use: set[str]) -> None:
    """Remove all copies but the newest, COPIES_KEPT of them, and those of the runs `in_use`, by path."""
    whole = [path for path in copies.iterdir() if not path.name.startswith(UNFINISHED)]
    newest_first = sorted(whole, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in newest_first[COPIES_KEPT:]:
        if str(path) not in in_use:
            shutil.rmtree(path, ignore_errors=True)


def remove_unfinished(copies: Path) -> None:
    """Remove what a process left behind that ended while it copied."""
    for path in copies.glob(f"{UNFINISHED}*/"):
        shutil.rmtree(path, ignore_errors=True)


def _copy_files(folder: Path, target: Path) -> str:
    """Copy the set; return a hash of the names and the bytes that were copied."""
    digest = hashlib.sha256()
    for name in NAMES:
        with (folder / name).open("rb") as source, (target / name).open("wb") as copy:
            size = 0
            while chunk := source.read(CHUNK_BYTES):
                size += copy.write(chunk)
                digest.update(chunk)
            # With its length, so that no two sets are one text.
            digest.update(f"\0{name} {size}\0".encode())
            copy.flush()
            os.fsync(copy.fileno())
    return digest.hexdigest()[:FINGERPRINT_DIGITS]


def _refuse_half(path: Path) -> None:
    """Raise IncompleteSetError for a file that ends in the middle: of a line, or of its JSON."""
    if not path.stat().st_size:
        raise IncompleteSetError(f"{path.name} is empty")
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        if path.suffix == ".json" and not _is_closed(content):
            raise IncompleteSetError(f"{path.name} does not end: a bracket or a text is still open")
        if path.suffix == ".csv" and content[-1:] not in (b"\n", b"\r"):
            raise IncompleteSetError(
                f"{path.name} ends in the middle of a line: the last one needs its end too"
            )


def _is_closed(json: mmap) -> bool:
    """Tell whether every bracket and every text of the JSON ends, without reading it into memory."""
    depth, is_open = 0, False
    for found in BRACKETS.finditer(json):
        text = found[0]
        depth += DEPTHS.get(text, 0)
        is_open |= text == b'"'
    return depth == 0 and not is_open
