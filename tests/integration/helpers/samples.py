"""Rows of files and documents that many tests bring."""

ANA = "U0001,21,Argentina,Basic,2022-10-02,58.0"
BEN = "U0002,35,Brazil,Premium,2023-01-15,120.5"
CAT = "U0003,48,Chile,Standard,2021-06-30,9"


def movie(content_id: object = "M1", **fields: object) -> dict[str, object]:
    return {
        "content_id": content_id,
        "title": "The Long Wait",
        "genre": ["Drama", "Thriller"],
        "duration_minutes": 104,
        "release_year": 2019,
        "rating": 7.5,
        "views_count": 12_345,
        "production_budget": 2_500_000,
    } | fields


def show(content_id: object = "S1", **fields: object) -> dict[str, object]:
    return {
        "content_id": content_id,
        "title": "Harbour",
        "genre": ["Crime"],
        "seasons": 2,
        "episodes_per_season": [8, 10],
        "avg_episode_duration": 47.5,
        "rating": 8.1,
        "total_views": 99,
        "production_budget": 9_000_000,
    } | fields


def without(document: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in document.items() if name not in names}
