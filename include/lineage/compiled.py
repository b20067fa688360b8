"""The SQL of all models as dbt compiles it for the first build of a star.

dbt asks a server what is there already. An empty one, which lasts as long as dbt runs, has nothing: so models
that add to their tables read everything.
"""

import json
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path

from include import embedded
from include.dbt import run_dbt
from include.embedded import postgres
from include.publish.schema_marker import TRUSTED

ADMIN = "postgres"
# What dbt adds to the query of a snapshot whose `updated_at` says when a version began.
SNAPSHOT = """
select
    *,
    md5(cast({unique_key} as text) || cast({updated_at} as text)) as dbt_scd_id,
    {updated_at} as dbt_updated_at,
    {updated_at} as dbt_valid_from,
    coalesce(
        lead({updated_at}) over (partition by {unique_key} order by {updated_at}), {last}
    ) as dbt_valid_to
from ({query}) as snapshotted
"""


def compiled_models(work_dir: Path) -> dict[str, str]:
    """Return the SQL of models and snapshots by schema.table, in the order in which they are built.

    The star's schema is that which readers see. dbt's artefacts, such as its manifest, stay in
    `work_dir`/target.
    Raises DbtError, and EmbeddedServerError where PostgreSQL does not start.
    """
    with _empty_server() as settings:
        options = ("--vars", f"trusted_schema: {TRUSTED}")
        target = run_dbt("compile", *options, settings=settings, work_dir=work_dir)
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    made = {name: node for name, node in nodes.items() if node["resource_type"] in ("model", "snapshot")}
    order = TopologicalSorter({name: node["depends_on"]["nodes"] for name, node in sorted(made.items())})
    built = (made[name] for name in order.static_order() if name in made)
    return {f"{node['schema']}.{node['alias']}": _sql(node) for node in built}


@contextmanager
def _empty_server() -> Iterator[dict[str, str]]:
    """Run PostgreSQL with nothing in it during the block; yield the variables with which dbt logs in."""
    password = secrets.token_hex(24)
    # Not below a folder that is closed to others: started by root, PostgreSQL is somebody else.
    home = Path(tempfile.mkdtemp(prefix="lineage-"))
    try:
        port = postgres.start(home, {"POSTGRES_PASSWORD": password})
        login = {"DBT_USER": ADMIN, "DBT_PASSWORD": password}
        place = {"WAREHOUSE_HOST": embedded.LOOPBACK, "WAREHOUSE_PORT": str(port), "WAREHOUSE_DB": ADMIN}
        yield login | place
    finally:
        embedded.reset(home)


def _sql(node: dict) -> str:
    """Return the query whose rows the table has. A snapshot's is told by what dbt adds to it."""
    if node["resource_type"] == "model":
        return node["compiled_code"]
    config = node["config"]
    return SNAPSHOT.format(
        query=node["compiled_code"],
        unique_key=config["unique_key"],
        updated_at=config["updated_at"],
        last=config["dbt_valid_to_current"],
    )
