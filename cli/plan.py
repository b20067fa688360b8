"""`make plan`: what readers would see of the next star, before it is published."""

from psycopg2.extensions import connection as Connection

from include.metrics import read_definitions
from include.plan import compare_stars, page
from include.publish.schema_marker import NEXT, read_marker
from include.transaction import transaction

NOT_BUILT = "There is no next star: the last run that built one has published it, or dbt has not ended."


def print_plan(warehouse: Connection) -> None:
    """Print what publishing the next star would change; `warehouse` is a connection as dbt_transformer."""
    definitions = read_definitions()
    with transaction(warehouse) as cursor:
        marker = read_marker(cursor, NEXT)
        if marker.get("state") != "tested":
            print(NOT_BUILT)
            return
        print(
            f"The next star, built {'by run ' + marker['batch_id'] if marker.get('batch_id') else 'by hand'}:"
        )
        print(page(compare_stars(cursor, definitions), definitions))
