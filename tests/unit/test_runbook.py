"""People are told to do what the runbook says of their failure, and it says something of every one."""

import inspect
import re

import pytest

from include import errors, failures
from include.environment import ROOT
from include.runbook import LINK, OTHERWISE, RUNBOOK, entries, what_to_do

BASH = "Bash command failed. The command returned a non-zero exit code"
# What a task says -> the beginning of what people are told.
SAID = {
    "load_csvs_to_postgres: InputError: users.csv, line 12, column 3: no number": "fix the file",
    "create_postgres_tables: InputError: The run's configuration has 'x', which nobody": "trigger again with",
    "load_postgres_table[users]: InputError: 50 of 60 rows read cannot be loaded": "make quarantine",
    "load_csvs_to_postgres: InputError: x.csv: none of its 60 rows can be loaded; first": "make quarantine",
    "generate_source_files: InputError: as_of is no day": "do what its last sentence says",
    "publish_trusted: TransientError: publish_trusted: a server was away or busy": "find the cause",
    "publish_trusted: StarInUseError: a reader holds a lock": "wait for it or end it",
    "publish_trusted: PublicationError: it is not the tested star": "clear transform_with_dbt",
    "load_postgres_table[users]: GuardError: 600 live rows would vanish": "see When a load stops itself (",
    f"transform_with_dbt: AirflowException: {BASH} 75.": "find the cause, then clear",
    f"transform_with_dbt: AirflowException: {BASH} 1.": OTHERWISE,
    "transform_with_dbt: a dbt test failed, and 1 more: x (3 failing rows)": "select * from ops.dbt_runs",
    "transform_with_dbt: a dbt model failed: x violates check constraint y": "look up the sessions",
    "reconcile_sources: DataQualityError: raw.users differs from its source in rows": "see Sources, raw and",
    "check_data_quality: DataQualityError: fewer rows. (quality_gate is stop). See": "read make plan",
    "load_postgres_table[users]: DataQualityError: 9 rows; please report it": "report it",
    "check_streaming: StreamBehindError: nobody has read": "see that consumers and windows run",
    "refresh_power_bi: ValueError: no": "see Refresh after publishing (docs/refresh-power-bi.md#refresh",
    "load_json_to_mongodb: AirflowTaskTimeout: Timeout, PID: 1": "see in its log where it stood",
    "approve_publication: HITLTimeoutError: nobody answered": "clear approve_publication, which asks again",
    "late: the run has not ended": "open the run",
    "load_json_to_mongodb: WorkerKilled: its worker ended": "give the machine",
}


@pytest.mark.parametrize(("said", "told"), SAID.items(), ids=lambda text: text[:60])
def test_failure_gets_what_its_row_says_to_do(said: str, told: str) -> None:
    assert what_to_do(said).startswith(told)
    assert what_to_do(said).endswith(f". Runbook: {LINK}")


def test_every_error_of_a_task_has_a_row() -> None:
    kinds = [
        kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, failures.OURS)
    ]
    leaves = [kind for kind in kinds if not kind.__subclasses__() or kind is errors.InputError]
    # What people ask of commands, never of a task.
    commands = {errors.MetricError, errors.Untranslatable, errors.LineageError}
    known = " ".join(pattern for entry in entries() for pattern in entry.patterns)
    assert [kind.__name__ for kind in leaves if kind not in commands and kind.__name__ not in known] == []


def test_failure_without_a_row_leads_to_the_log() -> None:
    assert what_to_do("some_task: ZeroDivisionError: x") == f"{OTHERWISE}. Runbook: {LINK}"


def test_places_that_are_named_are_there() -> None:
    told = " ".join([LINK, *(entry.remedy for entry in entries())])
    places = re.findall(r"(docs/[\w-]+\.md)#([\w-]+)", told)
    assert len(places) >= 4
    for file, anchor in places:
        headings = re.findall(r"^#+ (.+)$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_row_has_a_test_that_causes_the_failure_and_follows_it() -> None:
    marks = re.compile(r'mark\.runbook\("(.+)"\)')
    tested = {
        name for file in (ROOT / "tests").rglob("test_*.py") for name in marks.findall(file.read_text())
    }
    assert [entry.patterns for entry in entries() if not tested & set(entry.patterns)] == []


def test_words_are_told_without_markup() -> None:
    assert len(entries()) >= 15
    assert [entry.remedy for entry in entries() if re.search(r"[`\[\]|]", entry.remedy)] == []


def test_alert_goes_out_where_the_runbook_is_not_at_hand(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("include.runbook.ROOT", tmp_path)
    entries.cache_clear()
    try:
        assert what_to_do("publish_trusted: StarInUseError: x") == f"{OTHERWISE}. Runbook: {LINK}"
    finally:
        entries.cache_clear()


def test_image_has_the_runbook() -> None:
    assert f"!{RUNBOOK}" in (ROOT / ".dockerignore").read_text().splitlines()
