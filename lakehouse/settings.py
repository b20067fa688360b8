"""Where the lake is, and how it is reached: the LAKE variables of .env."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from include.environment import ROOT
from include.errors import InputError

DEFAULT = ROOT / ".local" / "lake"
# Delta's own: so long a table keeps its log.
KEPT_DAYS = 30


@dataclass(frozen=True)
class LakeSettings:
    """The folder or s3:// address of the tables, what delta-rs needs to reach it, and how long versions stay.

    `storage` has the secret, and is never shown.
    """

    root: str
    kept_days: int
    storage: Mapping[str, str] = field(repr=False)


def read_lake_settings(env: Mapping[str, str]) -> LakeSettings:
    """Read the settings; raise InputError for an address of another kind, or without a login."""
    root = (env.get("LAKE") or str(DEFAULT)).rstrip("/")
    # A number: include/env_file.py judges .env.
    kept_days = int(env.get("LAKE_KEPT_DAYS") or KEPT_DAYS)
    if root.startswith("s3://"):
        return LakeSettings(root, kept_days, _s3_options(env))
    if "://" in root:
        raise InputError(f"LAKE={root!r} is neither a folder nor s3://bucket/folder. Mend it in .env")
    return LakeSettings(str(ROOT / Path(root).expanduser()), kept_days, {})


def _s3_options(env: Mapping[str, str]) -> dict[str, str]:
    """Return delta-rs' options; DuckDB takes the login from them."""
    login = ("LAKE_ACCESS_KEY_ID", "LAKE_SECRET_ACCESS_KEY")
    if missing := [name for name in login if not env.get(name)]:
        raise InputError(f"LAKE is an address of S3, and {missing[0]} is empty. Set it in .env")
    endpoint = env.get("LAKE_ENDPOINT", "")
    options = {
        "AWS_ACCESS_KEY_ID": env["LAKE_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": env["LAKE_SECRET_ACCESS_KEY"],
        # Of a login that is lent for some hours, as a role's.
        "AWS_SESSION_TOKEN": env.get("LAKE_SESSION_TOKEN", ""),
        "AWS_REGION": env.get("LAKE_REGION") or "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true" if endpoint.startswith("http://") else "",
    }
    return {name: value for name, value in options.items() if value}
