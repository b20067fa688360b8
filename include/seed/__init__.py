"""Play the product: bring the files of a day into the source systems.

In: a folder with one file for each source of `tables.py`. Out: PostgreSQL tables and MongoDB collections that
hold what the files say; rows that break a rule go to quarantine.
"""

from include.seed.files import prepare_files
from include.seed.seeding import seed_collection, seed_table

__all__ = ["prepare_files", "seed_collection", "seed_table"]
