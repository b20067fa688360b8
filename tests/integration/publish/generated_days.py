"""A warehouse to which one generated day after the other comes: loaded, built and published."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from subprocess import CompletedProcess

from include.generate import ANCHOR, Size, write_files
from include.publish import publish
from include.run import Batch
from tests.conftest import Platform
from tests.pipeline import build_next, load_everything, trusted_checksums

SIZE = Size(users=60, titles=15, sessions=600)
WITHOUT_TESTS = ("--exclude-resource-type", "unit_test", "test")
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")


@dataclass(frozen=True)
class Seen:
    """What readers see: rows and checksum of each table, and the files on disk that hold them."""

    star: dict[str, tuple[int, str]]
    files: list[tuple]


@dataclass(frozen=True)
class Days:
    """Day 0 is the generator's anchor; the same number gives the same files."""

    platform: Platform
    folder: Path

    def batch(self, number: int) -> Batch:
        return Batch(f"day {number}", ANCHOR + timedelta(days=number))

    def load(self, number: int) -> Batch:
        batch = self.batch(number)
        files = self.folder / batch.batch_id
        files.mkdir(exist_ok=True)
        write_files(files, as_of=batch.as_of, seed=42, size=SIZE)
        load_everything(self.platform, files, batch, dataset="generated")
        return batch

    def build(self, batch: Batch, *options: str) -> CompletedProcess[str]:
        return build_next(self.platform, self.folder, *(options or WITHOUT_TESTS), batch=batch)

    def publish(self, batch: Batch) -> int:
        """Publish the batch's star; return its version."""
        return publish(self.platform.connect("dbt_transformer"), batch).version

    def next_day(self, number: int) -> int:
        """Load, build and publish the day; return the version."""
        batch = self.load(number)
        assert self.build(batch).returncode == 0
        return self.publish(batch)

    def star(self) -> dict[str, tuple[int, str]]:
        return trusted_checksums(self.platform)

    def seen(self) -> Seen:
        files = self.platform.query(
            "admin",
            "select relname, relfilenode from pg_class where relnamespace = 'trusted'::regnamespace"
            " order by relname",
        )
        return Seen(self.star(), files)

    def full_refresh(self) -> dict[str, tuple[int, str]]:
        """Return the star that a build from nothing gives, in a schema of its own."""
        elsewhere = ("--full-refresh", "--vars", "{trusted_schema: trusted_check}")
        done = self.build(Batch("", ANCHOR), *elsewhere, *WITHOUT_TESTS)
        assert done.returncode == 0, done.stdout[-3000:]
        return trusted_checksums(self.platform, "trusted_check")
