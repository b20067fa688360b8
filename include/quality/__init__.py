"""Compare star and raw with the sources at the end of every run, to the last digit.

In: sources, raw and a built star. Out: ops.reconciliations, or DataQualityError with the keys that differ.
What devices told through Kafka is compared with the batch: ops.streamed_comparisons.
"""

from include.quality.reconcile import Servers, reconcile_sources
from include.quality.streamed import compare_streamed, last_comparison

__all__ = ["Servers", "compare_streamed", "last_comparison", "reconcile_sources"]
