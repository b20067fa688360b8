"""The star's views, which readers make of its tables: the SQL of `dbt/models/semantic`, as it is there."""

import re

from include.environment import ROOT

MODELS = ROOT / "dbt" / "models" / "semantic"
REF = re.compile(r"\{\{\s*ref\('(\w+)'\)\s*\}\}")


def views() -> dict[str, str]:
    """Return a query of tables of `trusted` by the name of each view there."""
    return {path.stem: REF.sub(r"trusted.\1", path.read_text("utf-8")) for path in MODELS.glob("*.sql")}
