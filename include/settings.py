"""The environment of a pipeline run, read once into one frozen object."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from include.environment import ROOT, plays_product
from include.errors import InputError

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Limits:
    """The shares (0 to 1) above which a load stops: deleted of the live rows, rejected of the rows read."""

    deleted_share: float = 0.5
    rejected_share: float = 0.2


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Thresholds:
    """Beyond these a person is asked before readers get a star. Shares are of 1.

    `rows_factor`: how many times more or fewer sessions a day than the last runs brought. A day that is older
    than `settled_days` before the business day is not expected to move.
    """

    rejected_share: float = 0.01
    changed_share: float = 0.2
    moved_share: float = 0.1
    settled_days: int = 14
    rows_factor: float = 5.0
    late_days: int = 1


DEFAULT_THRESHOLDS = Thresholds()
# Devices report up to so late, and nobody waits for them longer.
LATENESS = timedelta(minutes=10)


@dataclass(frozen=True)
class StreamLimits:
    """Beyond these people are told: messages of a partition that wait, and how long before now the time is
    through which events are complete, LATENESS included."""

    lag: int = 100_000
    delay: timedelta = timedelta(seconds=900)

    @property
    def unread(self) -> timedelta:
        """How long nobody may read: what LATENESS leaves of the delay."""
        return self.delay - LATENESS

    def __str__(self) -> str:
        late, all_of_it = (f"{span.total_seconds():.0f}" for span in (LATENESS, self.delay))
        return f"STREAM_MAX_DELAY_SECONDS={all_of_it}, {late} of them for late events"


@dataclass(frozen=True)
class Settings:
    """What can be set for a run: folders, the size of the generated data, limits and thresholds.

    `inbox` is the folder in which a run finds a relative `data_dir`. `plays` says whether the platform plays
    the product, or its sources are somebody's own.
    """

    data_root: Path
    inbox: Path
    dbt_target: Path
    seed: int
    users: int
    titles: int
    sessions: int
    defects: float
    limits: Limits
    thresholds: Thresholds
    stream: StreamLimits
    plays: bool

    @property
    def dataset(self) -> str:
        """Name the generated data set: equal settings generate equal files for each day."""
        sizes = f"users={self.users} titles={self.titles} sessions={self.sessions}"
        return f"generated seed={self.seed} {sizes} defects={self.defects}"


def read_settings(env: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raise InputError for a value that is not a number, or not a share."""
    return Settings(
        data_root=Path(env.get("DATA_ROOT") or ROOT / "data"),
        inbox=Path(env.get("INBOX_ROOT") or ROOT / "inbox"),
        dbt_target=Path(env.get("DBT_TARGET_PATH") or ROOT / "dbt" / "target"),
        seed=_number(env, "GENERATE_SEED", 42),
        users=_number(env, "GENERATE_USERS", 5_000),
        titles=_number(env, "GENERATE_TITLES", 300),
        sessions=_number(env, "GENERATE_SESSIONS", 200_000),
        defects=_number(env, "GENERATE_DEFECTS", 0.0),
        limits=Limits(
            deleted_share=_share(env, "MAX_DELETED_SHARE", Limits.deleted_share),
            rejected_share=_share(env, "MAX_REJECTED_SHARE", Limits.rejected_share),
        ),
        thresholds=Thresholds(
            rejected_share=_share(env, "ASK_REJECTED_SHARE", Thresholds.rejected_share),
            changed_share=_share(env, "ASK_CHANGED_SHARE", Thresholds.changed_share),
            moved_share=_share(env, "ASK_MOVED_SHARE", Thresholds.moved_share),
            settled_days=_number(env, "ASK_SETTLED_DAYS", Thresholds.settled_days),
            rows_factor=_number(env, "ASK_ROWS_FACTOR", Thresholds.rows_factor),
            late_days=_number(env, "ASK_LATE_DAYS", Thresholds.late_days),
        ),
        stream=StreamLimits(
            lag=_number(env, "STREAM_MAX_LAG", StreamLimits.lag),
            delay=timedelta(seconds=_number(env, "STREAM_MAX_DELAY_SECONDS", 900)),
        ),
        plays=plays_product(env),
    )


def _number(env: Mapping[str, str], name: str, default: Number) -> Number:
    """Return the variable as a number of the default's type; an empty one is the default."""
    text = env.get(name) or str(default)
    try:
        return type(default)(text)
    except ValueError:
        noun = "a whole number" if isinstance(default, int) else "a number"
        raise InputError(f"{name}={text!r} is not {noun}. Mend it in .env and start again") from None


def _share(env: Mapping[str, str], name: str, default: float) -> float:
    """Return the variable as a share; raise InputError for one outside 0 to 1, such as 50 for 50 %."""
    share = _number(env, name, default)
    # nan fails this comparison too; as a limit it would never stop a load.
    if not 0 <= share <= 1:
        raise InputError(f"{name}={env[name]!r} is not between 0 and 1. Mend it in .env and start again")
    return share
