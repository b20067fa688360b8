"""The story of test_star.py: business dates, and the rows of raw that change on each."""

from datetime import UTC, date, datetime

Row = dict[str, object]


DAY_1, DAY_2, DAY_3 = date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 3)
DAY_1, DAY_2, DAY_3 = date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 3)
DAY_1, DAY_2, DAY_3 = date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 3)
FOREVER = date(9999, 12, 31)


def user(user_id: str, plan: str = "Basic", **values: object) -> Row:
    row = {"user_id": user_id, "age": 30, "country": "Chile", "subscription_type": plan}
    return {**row, "registration_date": DAY_1, "total_watch_time_hours": 10, **values}


def session(
    session_id: str,
    user_id: str | None = "steady",
    content_id: str | None = "M1",
    watched: date = DAY_1,
    **values: object,
) -> Row:
    row = {"session_id": session_id, "user_id": user_id, "content_id": content_id}
    measures = {"watch_duration_minutes": 60, "completion_percentage": 50}
    labels = {"device_type": "Mobile", "quality_level": "HD"}
    return {**row, "watch_date": watched, **measures, **labels, **values}


def movie(content_id: str, **values: object) -> Row:
    title = {"title": f"Movie {content_id}", "rating": 7.5, "_document": "{}"}
    return {"content_id": content_id, **title, **values}


def series(content_id: str, **values: object) -> Row:
    title = {"title": f"Series {content_id}", "seasons": 2, "_document": "{}"}
    return {"content_id": content_id, **title, **values}


def genre(content_id: str, position: int, name: str) -> Row:
    return {"content_id": content_id, "position": position, "genre": name}


def season(content_id: str, number: int, episodes: int) -> Row:
    return {"content_id": content_id, "season_number": number, "episodes": episodes}


def gone(row: Row) -> Row:
    """Return the row as the loader leaves it when the source has deleted it."""
    return {**row, "_deleted_at": datetime(2024, 3, 2, 5, tzinfo=UTC)}


# Only rows that changed, as (state, business date, rows of raw tables).
LOADS = [
    ("empty", DAY_1, {}),
    (
        "day 1",
        DAY_1,
        {
            "postgres_users": [
                user("steady", registration_date=date(2022, 6, 1), age=17),
                user("upgrader"),
                user("twice"),
                user("leaver"),
                user("returner"),
                user("withdrawn"),
                user("late"),
                user("trial", plan="Lifetime", country=None, age=None, registration_date=DAY_2),
            ],
            "mongo_movies": [movie("M1"), movie("M2"), movie("M3")],
            "mongo_series": [series("T1"), series("T2")],
            "mongo_content_genres": [
                genre("M1", 1, "Drama"),
                genre("M1", 2, "Crime"),
                genre("M1", 3, "War"),
                genre("M2", 1, "Comedy"),
                genre("M2", 2, "Comedy"),
                genre("T1", 1, "Unknown"),
                genre("T2", 1, "Drama"),
            ],
            "mongo_series_seasons": [season("T1", 1, 8), season("T1", 2, 10), season("T2", 1, 6)],
            "postgres_viewing_sessions": [
                session("plain", completion_percentage=90),
                session("before_registration", watched=date(2020, 12, 31)),
                session("upgrader_old", "upgrader"),
                session("twice_old", "twice"),
                session("leaver_old", "leaver"),
                session("ghost_user", "ghost"),
                session("ghost_title", content_id="X9"),
                session("nothing_known", None, None, device_type=None, quality_level=None),
                session("new_values", device_type="Fridge", quality_level="8K"),
                session("called_unknown", device_type="Unknown", quality_level=" "),
                session("corrected", completion_percentage=89.99),
                session("deleted"),
                session("comes_back"),
                session("series", content_id="T2"),
                session("no_genre", content_id="M3"),
            ],
        },
    ),
    (
        "day 2",
        DAY_2,
        {
            "postgres_users": [
                user("steady", registration_date=date(2022, 6, 1), age=17, total_watch_time_hours=12),
                user("upgrader", "Premium"),
                user("twice", "Standard"),
                gone(user("leaver")),
                gone(user("returner")),
                user("withdrawn", "Premium"),
                user("ghost", "Standard", registration_date=date(2023, 1, 1)),
            ],
            "postgres_viewing_sessions": [
                session("upgrader_new", "upgrader", watched=DAY_2),
                session("twice_new", "twice", watched=DAY_2),
                session("withdrawn_new", "withdrawn", watched=DAY_2),
                session("late_new", "late", watched=DAY_2),
                session("corrected", completion_percentage=95),
                gone(session("deleted")),
                gone(session("comes_back")),
            ],
            "mongo_movies": [movie("M1", rating=8.5, views_count=10)],
        },
    ),
    (
        "day 2 again",
        DAY_2,
        {
            "postgres_users": [
                user("twice", "Premium"),
                gone(user("withdrawn", "Premium")),
                user("late", "Premium"),
            ],
        },
    ),
    (
        "day 3",
        DAY_3,
        {
            "postgres_users": [user("returner", "Standard")],
            "postgres_viewing_sessions": [
                session("upgrader_arrived_late", "upgrader"),
                session("leaver_after", "leaver", watched=DAY_3),
                session("comes_back"),
            ],
            "mongo_movies": [movie("X9"), gone(movie("M2"))],
            "mongo_series": [gone(series("T2"))],
            "mongo_content_genres": [
                gone(genre("M2", 1, "Comedy")),
                gone(genre("M2", 2, "Comedy")),
                gone(genre("T2", 1, "Drama")),
                gone(genre("M1", 3, "War")),
            ],
            "mongo_series_seasons": [gone(season("T2", 1, 6))],
        },
    ),
    ("repeated", DAY_3, {}),
    ("rebuilt", DAY_3, {}),
]
