"""The files of a small product: seven users, two sessions, four titles."""

USER_ROWS = [f"U{n},2{n},Peru,Basic,2022-10-02,{n}.5" for n in range(1, 8)]
SESSION_ROWS = ["S1,U1,M1,2024-02-16,9,18.8,Desktop,4K", "S2,U2,S1,2024-02-17,30,100,Tablet,HD"]
MOVIES = [
    {
        "content_id": f"M{n}",
        "title": f"Film {n}",
        "genre": ["Drama", "Crime"],
        "rating": 7.5,
        "views_count": n,
    }
    for n in range(1, 4)
]
SERIES = [{"content_id": "S1", "title": "Harbour", "genre": ["Crime"], "episodes_per_season": [8, 10]}]
