"""A second attempt of `transform_with_dbt`: run only what failed in the first, or was left out for it.

Data flow: run_results.json and the star's marker -> is the star still what that run left? -> `dbt retry`,
else `dbt build` from the start. The results of the first attempt are put aside: dbt writes over them.
"""

import shlex
from contextlib import suppress
from pathlib import Path

import psutil
from psycopg2.extensions import connection as Connection

from include.dbt import BATCH_VARIABLE, DBT, RAW_VARIABLE, RESUMES_VARIABLE, project_checksum, retry_line
from include.ops.dbt_runs import ATTEMPTS, RESULTS, Attempt, read_attempt
from include.ops.load_runs import state_of_raw
from include.publish.schema_marker import NEXT, read_marker
from include.transaction import transaction

END_SECONDS = 10
FORGET = "rm -rf {attempts} {results}"
# The state of raw is the one that the first attempt read: a load may commit while this command is written.
RETRY = """
export {resumes}={invocation_id} {raw_variable}={raw}
mkdir -p {folder}
mv {results} {folder}
echo "Of {total} nodes {left} are run again: the attempt before built and tested the others"
run_dbt {line}
exit
"""


def first_command(warehouse: Connection, target: Path, batch_id: str) -> str:
    """Return the shell commands before `dbt build`: retry what failed and end, or forget older results.

    `warehouse` is a connection of elt_loader, `target` dbt's target folder.
    """
    attempt = read_attempt(target)
    if not attempt or not _can_go_on(warehouse, attempt, batch_id):
        paths = {"attempts": target / ATTEMPTS, "results": target / RESULTS}
        return FORGET.format(**{name: shlex.quote(str(path)) for name, path in paths.items()})
    folder = target / ATTEMPTS / attempt.invocation_id
    left = sum(result.state != "success" for result in attempt.results)
    return RETRY.format(
        resumes=RESUMES_VARIABLE,
        invocation_id=attempt.invocation_id,
        raw_variable=RAW_VARIABLE,
        raw=shlex.quote(attempt.told["RAW"]),
        folder=shlex.quote(str(folder)),
        results=shlex.quote(str(target / RESULTS)),
        total=len(attempt.results),
        left=left,
        line=retry_line(folder),
    )


def end_orphans(batch_id: str) -> int:
    """Kill dbt where it still builds for the batch, and return how many there were.

    Whoever kills a worker leaves dbt alone. It would build beside the second attempt, and write its results
    over those of it.
    """
    found = [process for process in psutil.process_iter() if _is_dbt_of(process, batch_id)]
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(found, timeout=END_SECONDS)
    return len(found)


def _is_dbt_of(process: psutil.Process, batch_id: str) -> bool:
    # Other users' processes are not ours to read, and some end meanwhile.
    with suppress(psutil.Error):
        return DBT[2] in process.cmdline() and process.environ().get(BATCH_VARIABLE) == batch_id
    return False


def _can_go_on(warehouse: Connection, attempt: Attempt, batch_id: str) -> bool:
    """Tell whether the next star is what the attempt left, and project and raw are what it was made from."""
    told = attempt.told
    if not attempt.is_whole or all(result.state == "success" for result in attempt.results):
        return False
    with transaction(warehouse) as cursor:
        marker, raw = read_marker(cursor, NEXT), state_of_raw(cursor)
    # Still `building` where the server was away when dbt wanted to mark it.
    is_ours = marker.get("state") in {"building", "unfit"}
    is_ours &= marker.get("invocation_id") == attempt.invocation_id
    return is_ours and (told.get("BATCH_ID"), told.get("PROJECT"), told.get("RAW")) == (
        batch_id,
        project_checksum(),
        raw,
    )
