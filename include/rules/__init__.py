"""What makes a value, a document or a whole load unacceptable.

In: the columns of `sources.yml`, and values. Out: what is wrong, as data, or an error that stops the load.
Nothing here writes to a database.
"""

from include.rules.csv_values import first_problem, typed_value
from include.rules.documents import DocumentRules
from include.rules.limits import refuse_mass_deletion, refuse_mass_rejection
from include.rules.rejected import Rejected

__all__ = [
    "DocumentRules",
    "Rejected",
    "first_problem",
    "refuse_mass_deletion",
    "refuse_mass_rejection",
    "typed_value",
]
