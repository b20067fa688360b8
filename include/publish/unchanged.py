"""Tell whether a run has anything to build: the star that readers see may hold all of raw already.

A star's marker names the state of raw that was read before its build began. A load that commits during a
build makes the states differ, so the next run builds. So does everything that leaves no state: a build by
hand, a star from before states were noted.
"""

from psycopg2.extensions import cursor as Cursor

from include.dbt import needs_full_refresh
from include.ops.load_runs import state_of_raw
from include.ops.publications import Publication, current_publication
from include.publish.schema_marker import NEXT, TRUSTED, is_tested_star_of, read_marker
from include.run import Batch


def unchanged_star(cursor: Cursor) -> Publication | None:
    """Return what readers see when the present code built it from all that raw holds now, else None.

    `cursor` is one of elt_loader.
    """
    state, marker = state_of_raw(cursor), read_marker(cursor, TRUSTED)
    if not state or marker.get("raw") != state or needs_full_refresh(marker):
        return None
    return current_publication(cursor)


def schema_to_compare(cursor: Cursor, batch: Batch) -> str:
    """Return the schema whose star must equal raw: the next one, but for a run that had nothing to build."""
    is_built = is_tested_star_of(batch, read_marker(cursor, NEXT))
    return TRUSTED if not is_built and unchanged_star(cursor) else NEXT
