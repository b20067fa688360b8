"""Play the product: merge the files of a day into the source systems.

In: a folder with one file for each played source. Out: PostgreSQL tables and MongoDB collections with
the content of the files; rows that break a rule are in quarantine.
"""

from include.seed.files import prepare_files
from include.seed.seeding import seed_collection, seed_table

__all__ = ["prepare_files", "seed_collection", "seed_table"]
