"""Three files in the contract's format that the generator did not make, with the untidiness of real ones.

Sessions before the registration, of unknown users and titles, without a device, ids that two tables share.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd


def write_own_files(folder: Path, seed: int, *, users: int, titles: int, sessions: int) -> None:
    """Write the files; the seed is printed, so that a failure can be repeated."""
    print(f"seed {seed}")  # noqa: T201
    rng = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    _users(rng, users).to_csv(folder / "users.csv", index=False)
    _sessions(rng, users, titles, sessions).to_csv(folder / "viewing_sessions.csv", index=False)
    (folder / "content.json").write_text(json.dumps(_catalogue(rng, titles)))


def _users(rng: np.random.Generator, count: int) -> pd.DataFrame:
    days = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 1200, count), unit="D")
    return pd.DataFrame(
        {
            "user_id": [f"U{number:04d}" for number in range(1, count + 1)],
            "age": rng.integers(13, 90, count),
            "country": rng.choice(["Argentina", "Côte d'Ivoire", "Korea, Republic of", "Österreich"], count),
            "subscription_type": rng.choice(["Basic", "Standard", "Premium", "Family"], count),
            "registration_date": days.strftime("%Y-%m-%d"),
            "total_watch_time_hours": rng.integers(0, 9000, count) / 10,
        }
    )


def _sessions(rng: np.random.Generator, users: int, titles: int, count: int) -> pd.DataFrame:
    numbers = np.arange(1, count + 1)
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 600, count), unit="D")
    kinds = rng.choice(["M", "S"], count)
    return pd.DataFrame(
        {
            "session_id": [f"S{number:06d}" for number in numbers],
            # The last fifty users and five titles are unknown.
            "user_id": [f"U{user:04d}" for user in rng.integers(1, users + 51, count)],
            "content_id": [
                f"{kind}{title:03d}"
                for kind, title in zip(kinds, rng.integers(1, titles // 2 + 6, count), strict=True)
            ],
            "watch_date": days.strftime("%Y-%m-%d"),
            "watch_duration_minutes": rng.integers(1, 240, count),
            # 89.995 is no 90, though it is shown as 90.00.
            "completion_percentage": np.where(numbers % 20, rng.integers(0, 1001, count) / 10, 89.995),
            "device_type": rng.choice(
                ["Mobile", "Smart TV", "Desktop", "Tablet", "Gaming Console", "VR", ""], count
            ),
            "quality_level": rng.choice(["SD", "HD", "4K", "8K"], count),
        }
    ).sample(frac=1, random_state=rng)


def _catalogue(rng: np.random.Generator, count: int) -> dict[str, list[dict]]:
    genres = ["Drama", "Comedy", "Sci-Fi", "Documentary", "Horror"]
    common = [
        {
            "title": f'The "{number}" Story',
            "genre": [str(genre) for genre in rng.choice(genres, rng.integers(0, 4), replace=False)],
            "rating": float(rng.integers(10, 100) / 10),
            "production_budget": int(rng.integers(10**5, 10**9)),
        }
        for number in range(count)
    ]
    movies = [
        {
            "content_id": f"M{n:03d}",
            **title,
            "duration_minutes": 90 + n,
            "release_year": 1990 + n % 30,
            "views_count": n,
        }
        for n, title in enumerate(common[: count // 2], 1)
    ]
    series = [
        {
            "content_id": f"S{n:03d}",
            **title,
            "seasons": n % 5 + 1,
            "episodes_per_season": [8 + n % 3] * (n % 5 + 1),
            "avg_episode_duration": 42.5,
            "total_views": n * 10,
        }
        for n, title in enumerate(common[count // 2 :], 1)
    ]
    return {"movies": movies, "series": series}
