"""The environment of a pipeline run, read once into one frozen object."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.environment import ROOT
from include.errors import InputError


@dataclass(frozen=True)
class Settings:
    """What a run can be told: where files go, and how much is generated."""

    data_root: Path
    dbt_target: Path
    seed: int
    users: int
    titles: int
    sessions: int
    defects: float

    @property
    def dataset(self) -> str:
        """Name the generated data set: the same settings give the same days."""
        sizes = f"users={self.users} titles={self.titles} sessions={self.sessions}"
        return f"generated seed={self.seed} {sizes} defects={self.defects}"


def read_settings(env: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raise InputError for a value that is no number."""
    return Settings(
        data_root=Path(env.get("DATA_ROOT") or ROOT / "data"),
        dbt_target=Path(env.get("DBT_TARGET_PATH") or ROOT / "dbt" / "target"),
        seed=int(_number(env, "GENERATE_SEED", 42)),
        users=int(_number(env, "GENERATE_USERS", 5_000)),
        titles=int(_number(env, "GENERATE_TITLES", 300)),
        sessions=int(_number(env, "GENERATE_SESSIONS", 200_000)),
        defects=_number(env, "GENERATE_DEFECTS", 0),
    )


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name) or str(default)
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{name}={text!r} is not a number. Mend it in .env and start again") from None
