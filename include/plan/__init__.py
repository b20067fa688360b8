"""What publishing would change: the star that readers see against the next one.

Data flow: trusted, trusted_next -> tables (rows by key, columns) + kpis (metrics by day) -> words.
"""

from include.plan.compare import Plan, compare_stars
from include.plan.words import page

__all__ = ["Plan", "compare_stars", "page"]
