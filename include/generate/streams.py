"""Independent random streams, each found by its name: a new draw in one moves no other."""

from zlib import crc32

import numpy as np

Random = np.random.Generator


def stream(seed: int, name: str, number: int = 0) -> Random:
    """Open the random stream of a name and a number (mostly the day), always from its beginning."""
    entropy = np.random.SeedSequence([seed, crc32(name.encode()), number])
    return Random(np.random.PCG64(entropy))
