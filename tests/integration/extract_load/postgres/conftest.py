"""What the loads of a table share."""

import pytest

from include.extract_load import postgres


@pytest.fixture
def ship_keys(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of the tables whose keys travelled."""
    shipped = []
    stage_keys = postgres.stage_keys
    monkeypatch.setattr(
        postgres, "stage_keys", lambda *args: shipped.append(args[-1].table.name) or stage_keys(*args)
    )
    return shipped
