"""A movie with the least that a test of loads needs."""


def movie(key: str = "M1", **fields: object) -> dict[str, object]:
    return {"content_id": key, "title": "Alien", "genre": ["Horror", "Sci-Fi"], "rating": 8.5} | fields
