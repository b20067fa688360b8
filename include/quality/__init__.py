"""Is the star what the sources hold? Compared at the end of every run, to the last digit.

In: sources, raw and a built star. Out: ops.reconciliations, or DataQualityError with the keys that differ.
"""

from include.quality.reconcile import Servers, reconcile_sources

__all__ = ["Servers", "reconcile_sources"]
