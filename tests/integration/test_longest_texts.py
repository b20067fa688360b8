"""Texts as long as they may be, or with blanks around them, through seed, raw, star and publication."""

import json
import random

from tests.pipeline import dbt_build, load_everything, today

NEXT = iter(range(10_000))
SESSIONS = "session_id,user_id,content_id,watch_date,watch_duration_minutes,completion_percentage,"
SESSIONS += "device_type,quality_level"
USERS = "user_id,age,country,subscription_type,registration_date,total_watch_time_hours"


def longest(size: int = 1000) -> str:
    """Return a text of so many bytes that nothing compresses, another one each time."""
    signs = "".join(map(chr, range(0x4E00, 0x9E00)))
    text = "".join(random.Random(next(NEXT)).choices(signs, k=size // 3))
    return text + "x" * (size - len(text.encode()))


def test_star_bears_texts_at_their_bounds_and_trims_blanks(platform, tmp_path):
    user, title, device, quality, genre, country, plan = (longest() for _ in range(7))
    unknown_user, unknown_title, name = longest(), longest(), longest(10_000)
    users = [
        USERS,
        f"{user},21,{country},{plan},2022-10-02,1",
        "U2,22,\u00a0Chile\u200b,Basic\t,2022-10-02,1",
    ]
    rest = "2024-08-01,5,50"
    sessions = [
        SESSIONS,
        f"{longest()},{user},{title},{rest},{device},{quality}",
        f"{longest()},{unknown_user},{unknown_title},{rest},{device},{quality}",
        f"S3,U2,{title},{rest},TV,HD",
        f"S4,U2,{title},{rest},TV\u00a0,HD\u200b",
        f"S5,\u00a0,\u200b,{rest},TV\u200b,\u2060",
    ]
    movie = {"content_id": title, "title": name, "genre": [genre, f"{genre[:-1]}y"], "release_year": 2020}
    (tmp_path / "users.csv").write_text("\n".join(users) + "\n")
    (tmp_path / "viewing_sessions.csv").write_text("\n".join(sessions) + "\n")
    (tmp_path / "content.json").write_text(json.dumps({"movies": [movie], "series": []}))
    load_everything(platform, tmp_path, today("longest"))
    dbt_build(platform, tmp_path / "dbt")

    def column(query: str) -> set:
        return {row[0] for row in platform.query("bi_reader", query)}

    assert platform.query("elt_loader", "select count(*) from quarantine.rejected_rows") == [(0,)]
    assert column("select device_type from trusted.dim_devices") == {device, "TV", "Unknown"}
    assert column("select quality_level from trusted.dim_quality_levels") == {quality, "HD", "Unknown"}
    assert column("select user_id from trusted.dim_users") >= {user, unknown_user, "U2"}
    assert "\u00a0" not in column("select user_id from trusted.dim_users")
    assert column("select content_id from trusted.dim_content") >= {title, unknown_title}
    assert "\u200b" not in column("select content_id from trusted.dim_content")
    assert column("select country from trusted.dim_users") >= {country, "Chile"}
    assert column("select subscription_type from trusted.mart_monthly_plan_mix") == {plan, "Basic"}
    assert column("select title from trusted.dim_content") >= {name}
    assert column("select count(*) from trusted.fct_viewing_sessions") == {5}
