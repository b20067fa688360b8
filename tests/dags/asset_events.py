"""What Airflow's database says of assets: their events, and the runs that these started."""

from airflow.models.asset import AssetEvent, AssetModel
from airflow.utils.session import create_session
from sqlalchemy import select


def events_of(run_id: str) -> dict[str, list[tuple[str | None, dict]]]:
    """Return the events that the run emitted: partition and numbers, by the asset's name."""
    found: dict[str, list] = {}
    with create_session() as session:
        query = (
            select(AssetModel.name, AssetEvent.partition_key, AssetEvent.extra)
            .join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
            .where(AssetEvent.source_run_id == run_id)
            .order_by(AssetEvent.id)
        )
        for name, partition, extra in session.execute(query):
            found.setdefault(name, []).append((partition, extra))
    return found
