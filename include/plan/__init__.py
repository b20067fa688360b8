"""What publishing would change, and whether readers may have it: the star that they see against the next one.

Data flow: trusted, trusted_next -> tables (rows by key, columns) + kpis (metrics by day) -> words; with the
run's figures from ops -> gate (thresholds) -> decision, kept in ops.plans.
"""

from include.plan.compare import Plan, compare_stars
from include.plan.decision import KEEP, PUBLISH, Wishes, decide
from include.plan.words import page

__all__ = ["KEEP", "PUBLISH", "Plan", "Wishes", "compare_stars", "decide", "page"]
