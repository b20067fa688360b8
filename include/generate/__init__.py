"""Play the product: a made-up streaming service, written as three files as of any day.

Data flow: (seed, size) -> world, day after day -> one file for each source.
The same arguments always give the same bytes, and the next day's files differ from these only by
what happened on that day.
"""

from include.generate.files import write_files
from include.generate.timeline import ANCHOR, LAUNCH, Size

__all__ = ["ANCHOR", "LAUNCH", "Size", "write_files"]
