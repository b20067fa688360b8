"""CSV files seeded again, on another day, after a crash or by two runs at once."""

import logging
from datetime import date

import psycopg2
import pytest

from include.errors import InputError
from include.run import Run
from include.seed import seed_table
from tests.integration.helpers.loads import WAITING_FOR_A_LOCK, column, counts, rejections
from tests.integration.helpers.samples import ANA, BEN, CAT
from tests.product import USERS, VIEWING_SESSIONS

WATCHED = "S000001,U0001,S001,2024-02-16,9,18.8,Desktop,4K"
HEADER = b"user_id,age,country,subscription_type,registration_date,total_watch_time_hours\n"


def test_repeated_batch_does_not_quarantine_twice(pipeline):
    for _ in range(3):
        pipeline.seed_users(ANA, "U0002,old,Brazil,Basic,2023-01-15,1")
    assert rejections(pipeline) == [("3", "age", "old", "is not a whole number")]
    pipeline.seed_users(
        ANA, "U0002,old,Brazil,Basic,2023-01-15,1", batch=pipeline.batch("run 2", "2024-09-02")
    )
    assert [row["batch_id"] for row in pipeline.quarantine()] == ["run 1", "run 2"]


def test_batch_repeated_with_the_mended_file_leaves_no_rejection(pipeline):
    pipeline.seed_users(ANA, "U0002,old,Brazil,Basic,2023-01-15,1", "U0003,x,Chile,Basic,2021-06-30,9")
    pipeline.seed_users(ANA, "U0003,x,Chile,Basic,2021-06-30,9", BEN)
    assert rejections(pipeline) == [("3", "age", "x", "is not a whole number")]
    pipeline.seed_users(ANA, BEN, CAT)
    assert pipeline.quarantine() == []
    assert sorted(pipeline.source_users()) == ["U0001", "U0002", "U0003"]


def test_older_day_of_the_same_data_set_is_not_loaded(pipeline, caplog):
    pipeline.seed_users(ANA, batch=pipeline.batch("run 2", "2024-09-02"), dataset="generated seed=1")
    before = pipeline.state()
    with caplog.at_level(logging.WARNING):
        load = pipeline.seed_users(
            BEN, batch=pipeline.batch("run 1", "2024-09-01"), dataset="generated seed=1"
        )
    assert counts(load) == {}
    assert pipeline.state() == before
    assert "users.csv is of 2024-09-01, the source already holds 2024-09-02: nothing to do" in caplog.text


@pytest.mark.parametrize("dataset", ["own files", "generated seed=2"])
def test_older_day_of_another_data_set_is_loaded(pipeline, dataset):
    pipeline.seed_users(ANA, batch=pipeline.batch("run 2", "2024-09-02"), dataset="generated seed=1")
    pipeline.seed_users(BEN, batch=pipeline.batch("run 1", "2024-09-01"), dataset=dataset)
    assert list(pipeline.source_users()) == ["U0002"]
    assert pipeline.source("select dataset, as_of from seed_state") == [
        {"dataset": dataset, "as_of": date(2024, 9, 1)}
    ]


def test_own_files_are_loaded_over_newer_own_files(pipeline):
    pipeline.seed_users(ANA, batch=pipeline.batch("run 2", "2024-09-02"))
    pipeline.seed_users(BEN, batch=pipeline.batch("run 1", "2024-09-01"))
    assert list(pipeline.source_users()) == ["U0002"]


def test_same_day_again_is_loaded(pipeline):
    pipeline.seed_users(ANA, dataset="generated seed=1")
    pipeline.seed_users(BEN, dataset="generated seed=1")
    assert list(pipeline.source_users()) == ["U0002"]


def test_refused_file_does_not_move_the_day(pipeline):
    pipeline.seed_users(ANA, dataset="generated seed=1")
    with pytest.raises(InputError):
        pipeline.seed_users(batch=pipeline.batch("run 9", "2024-09-09"), dataset="generated seed=1")
    assert pipeline.source("select as_of from seed_state") == [{"as_of": date(2024, 9, 1)}]


def test_tables_have_their_own_days(pipeline):
    pipeline.seed_users(ANA, batch=pipeline.batch("run 2", "2024-09-02"), dataset="generated seed=1")
    pipeline.write_csv(VIEWING_SESSIONS, [WATCHED])
    load = pipeline.seed(VIEWING_SESSIONS, dataset="generated seed=1")
    assert counts(load) == {"read": 1, "inserted": 1}


def test_crash_before_the_commit_leaves_nothing_and_a_retry_completes(pipeline, killed):
    pipeline.seed_users(ANA, BEN)
    before = pipeline.state()
    second = pipeline.batch("run 2", "2024-09-02")
    with killed("seed.seeding"), pytest.raises(psycopg2.OperationalError, match="the worker was killed"):
        pipeline.seed_users(BEN.replace("35", "36"), "U0009,x,x,Basic,2022-10-02,1", batch=second)
    assert pipeline.state() == before
    load = pipeline.seed(batch=second)
    assert counts(load) == {"read": 2, "updated": 1, "quarantined": 1, "deleted": 1}
    assert column(pipeline.source_users(), "age") == {"U0002": 36}
    assert len(pipeline.quarantine()) == 1


def test_two_seeds_of_a_table_follow_one_another(pipeline, tmp_path, first_held, eventually, in_background):
    first_has_written, first_may_commit = first_held("seed.seeding")

    def seed(name, lines):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "users.csv").write_text("\n".join([HEADER.decode().strip(), *lines]) + "\n")
        app, loader = (pipeline.platform.connect(role) for role in ("app", "elt_loader"))
        batch = pipeline.batch(name)
        return seed_table(app, loader, USERS, Run(batch, folder=str(folder)))

    first = in_background(seed, "first", [ANA, BEN])
    assert first_has_written.wait(10)
    second = in_background(seed, "second", [ANA, BEN.replace("35", "36"), CAT])
    eventually(lambda: pipeline.source(WAITING_FOR_A_LOCK))
    assert not second.done()
    first_may_commit.set()
    assert counts(first.result(10)) == {"read": 2, "inserted": 2}
    assert counts(second.result(10)) == {"read": 3, "inserted": 1, "updated": 1, "unchanged": 1}
    assert column(pipeline.source_users(), "age") == {"U0001": 21, "U0002": 36, "U0003": 48}
