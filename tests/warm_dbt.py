"""dbt for tests: a fork of a process that has loaded it, for that costs more than a build of small data.

What a fork runs is what `start_dbt` would start: dbt's command line, with its options and artefacts.
"""

import multiprocessing
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from include.dbt import DbtError, dbt_environment, project_options

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.loaded_dbt"])


class WarmDbt:
    """A running dbt, by those names of subprocess.Popen that tests use."""

    def __init__(self, arguments: list[str], settings: dict[str, str]) -> None:
        self.args = ["dbt", *arguments]
        number, self._output = tempfile.mkstemp(prefix="dbt-")
        os.close(number)
        self._process = _CONTEXT.Process(target=_run, args=(arguments, settings, self._output))
        self._process.start()

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()

    def communicate(self) -> tuple[str, str]:
        """Wait for the end; return what was printed, errors too, and nothing."""
        self._process.join()
        output = Path(self._output)
        printed = output.read_text(encoding="utf-8")
        output.unlink()
        return printed, ""


def start_dbt(*arguments: str, settings: Mapping[str, str], work_dir: Path) -> WarmDbt:
    """Start a dbt command as `include.dbt.start_dbt` does."""
    options = ["--no-use-colors", *arguments, *project_options()]
    return WarmDbt(options, dbt_environment(settings, work_dir))


def run_dbt(*arguments: str, settings: Mapping[str, str], work_dir: Path) -> Path:
    """Run a dbt command as `include.dbt.run_dbt` does."""
    dbt = start_dbt(*arguments, settings=settings, work_dir=work_dir)
    output, _ = dbt.communicate()
    if dbt.returncode:
        raise DbtError(f"dbt {' '.join(arguments)} failed:\n{output}")
    return work_dir / "target"


def _run(arguments: list[str], settings: dict[str, str], output: str) -> None:
    # Loaded in the process that forks, not where tests run.
    from tests.loaded_dbt import run

    run(arguments, settings, output)
