"""Compare star and raw with the sources at the end of every run, to the last digit.

In: sources, raw and a built star. Out: ops.reconciliations, or DataQualityError with the keys that differ.
"""

from include.quality.reconcile import Servers, reconcile_sources

__all__ = ["Servers", "reconcile_sources"]
