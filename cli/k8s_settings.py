"""`make k8s-settings`: what .env says, for a cluster, as `kubectl apply -f -` reads it.

Data flow: .env -> a ConfigMap, which is the environment of Airflow's components and of tasks, and a Secret,
whose files cli/container.py reads as those of a Compose stack.
"""

import json
from collections.abc import Mapping

from include.alerts import URLS
from include.env_file import CONNECTION, SECRETS
from include.environment import OWN_CONNECTIONS, ROOT, ensure_env, own_connections

NAME = "video-streaming-elt"
# Administrators' own, which no run needs.
LEFT_OUT = ("POSTGRES_PASSWORD", "MONGO_ROOT_PASSWORD", "REDIS_PASSWORD")


def print_manifests() -> None:
    """Print both as a list in JSON; .env is made where there is none."""
    print(json.dumps(manifests(ensure_env(ROOT / ".env")), indent=2))


def manifests(settings: Mapping[str, str]) -> dict[str, object]:
    """Return a list of the ConfigMap and the Secret of these settings."""
    secret = {name for name in settings if _is_secret(name)}
    kept = {name: settings[name] for name in secret - {*LEFT_OUT} if not name.startswith(CONNECTION)}
    # As in Compose: one of any number and any names.
    kept[OWN_CONNECTIONS] = json.dumps(own_connections(settings))
    open_ones = {name: value for name, value in settings.items() if name not in secret}
    items = [_item("ConfigMap", "settings", data=open_ones), _item("Secret", "secrets", stringData=kept)]
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _is_secret(name: str) -> bool:
    return name.endswith(SECRETS) or name.startswith(CONNECTION) or name == URLS


def _item(kind: str, name: str, **data: Mapping[str, str]) -> dict[str, object]:
    values = {key: dict(sorted(found.items())) for key, found in data.items()}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": f"{NAME}-{name}"}, **values}
