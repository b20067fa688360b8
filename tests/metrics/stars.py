"""Stars to ask metrics of: the demo's, a small one with all that makes numbers wrong, one of others' files.

Data flow: generated files -> seed -> extract -> (small star: edited in raw) -> dbt build -> published.
"""

from datetime import date
from pathlib import Path

from include.generate import ANCHOR, Size, write_files
from include.run import Batch
from tests.conftest import Platform
from tests.own_files import write_own_files
from tests.pipeline import build_next, dbt_build, load_everything

SEED = 42
SMALL = Size(users=220, titles=36, sessions=2_400)
FIRST_DAY, LAST_DAY = date(2024, 7, 15), date(2024, 9, 20)
MODELS_ONLY = ("--exclude-resource-type", "unit_test", "test")
SNAPSHOTS = (*MODELS_ONLY, "--select", "+users_snapshot", "+content_snapshot")
# Each statement plants what makes numbers wrong: users with two versions in one month, people who left,
# people whom only sessions know and one who is called Unknown, people and titles of whom something is not
# known, sessions that name nobody and nothing, titles of one name, unwatched ones and ones that left, a title
# watched for no minute, sessions on the threshold, days and a month without sessions.
TRAPS = """
update raw.postgres_users set
    subscription_type = case subscription_type when 'Premium' then 'Basic' else 'Premium' end,
    country = case when right(user_id, 1) = '3' then 'Chile' else country end,
    _as_of = '2024-08-10'
where right(user_id, 1) in ('3', '6');
update raw.postgres_users set country = 'Chile', _as_of = '2024-08-20' where right(user_id, 1) = '4';
update raw.postgres_users set _deleted_at = _loaded_at, _as_of = '2024-08-10' where right(user_id, 1) = '9';
update raw.postgres_users set registration_date = null where right(user_id, 2) = '11';
update raw.postgres_users set country = ' ', subscription_type = null, age = null
where right(user_id, 2) = '15';
update raw.postgres_viewing_sessions set user_id = null where right(session_id, 2) = '07';
update raw.postgres_viewing_sessions set user_id = 'X' || right(session_id, 3)
where right(session_id, 2) = '18';
update raw.postgres_viewing_sessions set user_id = 'Unknown' where right(session_id, 2) = '19';
update raw.postgres_viewing_sessions set content_id = null where right(session_id, 2) = '29';
update raw.postgres_viewing_sessions set content_id = 'NEW' || right(session_id, 3)
where right(session_id, 2) = '31';
update raw.postgres_viewing_sessions set device_type = null, quality_level = null
where right(session_id, 2) = '43';
update raw.postgres_viewing_sessions set device_type = 'Unknown', quality_level = ' '
where right(session_id, 2) = '44';
update raw.postgres_viewing_sessions set completion_percentage = 89.995 where right(session_id, 2) = '51';
update raw.postgres_viewing_sessions set completion_percentage = 90 where right(session_id, 2) = '52';
update raw.postgres_viewing_sessions set watch_date = watch_date + 31
where watch_date between '2024-03-01' and '2024-03-31'
or (extract(day from watch_date) = 13 and watch_date < '2024-02-01');
update raw.postgres_viewing_sessions set content_id = 'M010' where content_id in ('M001', 'M011', 'S005');
update raw.postgres_viewing_sessions set watch_duration_minutes = 0, completion_percentage = 0
where content_id = 'M013';
update raw.mongo_movies set production_budget = null where content_id < 'M006';
update raw.mongo_movies set title = (select min(title) from raw.mongo_movies)
where content_id in ('M007', 'M008');
update raw.mongo_movies set title = null where content_id = 'M012';
update raw.mongo_series set _deleted_at = _loaded_at where content_id in ('S003', 'S004');
update raw.mongo_content_genres set _deleted_at = _loaded_at
where content_id in ('M009', 'S002', 'S003', 'S004')
"""


def build_demo_star(platform: Platform, folder: Path) -> None:
    """Build and publish the star of the demo's first day: 200,000 sessions."""
    write_files(folder / "files", as_of=ANCHOR, seed=SEED, size=Size())
    load_everything(platform, folder / "files", Batch("demo", ANCHOR), dataset="demo")
    dbt_build(platform, folder / "dbt", *MODELS_ONLY)


def build_small_star(platform: Platform, folder: Path) -> None:
    """Build and publish the small star, whose users changed between two loads."""
    for day in (FIRST_DAY, LAST_DAY):
        files = folder / day.isoformat()
        write_files(files, as_of=day, seed=SEED, size=SMALL)
        load_everything(platform, files, Batch(f"load of {day}", day), dataset="small")
        if day == FIRST_DAY:
            done = build_next(platform, folder / "dbt", *SNAPSHOTS, batch=Batch("snapshots", day))
            assert done.returncode == 0, done.stdout[-3000:]
    platform.query("elt_loader", TRAPS)
    dbt_build(platform, folder / "dbt", *MODELS_ONLY)


def build_own_star(platform: Platform, folder: Path) -> None:
    """Build and publish the star of three files that the generator did not make."""
    write_own_files(folder, SEED, users=300, titles=60, sessions=4_000)
    load_everything(platform, folder, Batch("own", LAST_DAY))
    dbt_build(platform, folder / "dbt", *MODELS_ONLY)
