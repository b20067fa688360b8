"""The three files of a run: generated for its day, or those in a folder that the user names."""

import errno
import io
import logging
import shutil
import stat
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from include.errors import InputError
from include.run import OWN_FILES
from include.settings import Settings
from include.tables import FILES, PLAYED
from include.waiting import announced

log = logging.getLogger(__name__)

# Older folders are removed: each day has all rows, and any day can be generated again.
DAYS_KEPT = 7


@dataclass(frozen=True)
class SourceFiles:
    """The folder of a run's files, and the data set that they belong to."""

    folder: str
    dataset: str


def prepare_files(settings: Settings, as_of: date, data_dir: str | None = None) -> SourceFiles:
    """Return `data_dir` when it is given, else generate the day's files into `<data_root>/<as_of>`.

    A relative `data_dir` is a folder in the inbox. Raises InputError when a file of it is missing, or files
    cannot be generated with the settings.
    """
    if data_dir:
        return SourceFiles(str(checked_folder(data_dir, settings.inbox)), OWN_FILES)
    # Imported here, since NumPy and Faker are slow to import and no other task needs them.
    from include.generate import Size, write_files

    folder = settings.data_root / as_of.isoformat()
    size = Size(settings.users, settings.titles, settings.sessions)
    try:
        with announced(f"{settings.sessions:,} sessions and more to be generated"):
            counts = write_files(folder, as_of=as_of, seed=settings.seed, size=size, defects=settings.defects)
    except ValueError as error:
        raise InputError(f"Cannot generate files as of {as_of}: {error}") from None
    log.info("Wrote %s to %s", ", ".join(f"{rows:,} {name}" for name, rows in counts.items()), folder)
    _remove_old_days(settings.data_root, keep=folder)
    return SourceFiles(str(folder), settings.dataset)


def checked_folder(data_dir: str, start: Path = Path()) -> Path:
    """Return the absolute path of the user's folder, where each file can be read. Raises InputError.

    A relative `data_dir` begins at `start`.
    """
    folder = start / expanded(data_dir)
    if missing := [source.file for source in PLAYED if not _is_file(folder / source.file)]:
        others = [name for name in missing if (folder / name).exists()]
        instead = f". What is called {', '.join(others)} there is a folder or a device" if others else ""
        raise InputError(
            f"{folder}: there is no {', no '.join(missing)}{instead}. DATA_DIR (data_dir in the UI) must name"
            f" a folder with {FILES}"
        )
    for source in PLAYED:
        open_file(folder / source.file).close()
    return folder.resolve()


def expanded(data_dir: str) -> Path:
    """Return the path with the home folder that a ~ stands for. Raises InputError for nobody's."""
    try:
        # Blanks around a pasted path are nobody's.
        return Path(data_dir.strip()).expanduser()
    except RuntimeError as error:
        raise InputError(f"{data_dir}: {error} Give the whole path instead of ~") from None


def _is_file(path: Path) -> bool:
    """Tell whether there is such a file. Raises InputError where that cannot be seen."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _unreadable(path.parent, error) from None


def _remove_old_days(root: Path, keep: Path) -> None:
    """Remove all folders of generated days but `keep` and the latest of the others, DAYS_KEPT together."""
    days = sorted(path for path in root.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]") if path != keep)
    for folder in days[: -(DAYS_KEPT - 1)]:
        shutil.rmtree(folder, ignore_errors=True)


def open_file(path: Path) -> io.BufferedReader:
    """Open the file; raise InputError when it is missing or cannot be read."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file. Put it there, or name another folder") from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> InputError:
    is_denied = error.errno == errno.EACCES
    remedy = ". Let this user read it, and enter the folders above it: chmod a+rX" if is_denied else ""
    return InputError(f"{path}: cannot be read ({error.strerror}){remedy}")
