"""The form of a trigger: what people may say of a run, and what it means.

The names are those of `KNOWN` (include/run.py), the values those of include/parameters.py, which judges them.
Each has a default, and may be emptied: a parameter that must not be null leaves the form's button grey.
"""

from copy import deepcopy

from airflow.sdk import Param

from include.days import LAST, LAUNCH
from include.parameters import ANSWERS, GATES, INCREMENTAL, MODES, RANGES, TABLES
from include.tables import FILES

# What most people come for has no section: Airflow folds sections up.
GENERATED, GUARDS = "Generated data, for this run only", "Where the run stops itself"


def _size(name: str, title: str, meaning: str) -> Param:
    """Return the field of a number that the run takes in place of the one of `.env`."""
    smallest, largest = RANGES[name]
    return Param(
        None,
        type=["null", "integer"],
        minimum=smallest,
        maximum=largest,
        title=title,
        section=GENERATED,
        description_md=f"{meaning}, from {smallest:,} to {largest:,}. Empty: `GENERATE_{name.upper()}` of"
        " `.env`. Not with files or systems of your own.",
    )


FIELDS = {
    "as_of": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Business day",
        description_md=f"The day whose state is brought, from {LAUNCH} to {LAST}; with files or systems of"
        f" your own any day until {LAST}. Empty: the run's own date.",
    ),
    "mode": Param(
        INCREMENTAL,
        type="string",
        enum=list(MODES),
        title="Mode",
        description_md="*incremental* computes what newer loads touched. *full refresh* builds the star from"
        " nothing; after a change of the dbt project a run does so by itself.",
    ),
    "tables": Param(
        None,
        type=["null", "array"],
        items={"type": "string", "enum": list(TABLES)},
        examples=list(TABLES),
        title="Tables",
        description_md="Which source tables and collections are brought into `raw`. The others keep what they"
        " have there, and their sources are not asked. Empty: all.",
    ),
    "data_dir": Param(
        None,
        type=["null", "string"],
        title="Folder with your own files",
        description_md=f"Holds {FILES}. A name, such as *september*, is a folder in the inbox, which is the"
        " folder *inbox* of the clone; a whole path is one where the tasks run. Empty: generated.",
    ),
    "users": _size("users", "Users", "How many there are on 2024-09-01"),
    "titles": _size("titles", "Titles", "Movies and series on 2024-09-01"),
    "sessions": _size("sessions", "Viewing sessions", "How many there are until 2024-09-01"),
    "seed": _size("seed", "Seed", "Another number makes another world"),
    "allow_mass_deletion": Param(
        False,
        type="boolean",
        title="Allow a mass deletion",
        section=GUARDS,
        description_md="A load that would delete more of a raw table's live rows than `MAX_DELETED_SHARE`"
        " (half of them) stops. Switch on when it is meant, as for fewer users or another seed; a folder with"
        " your own files allows it by itself.",
    ),
    "quality_gate": Param(
        GATES[0],
        enum=list(GATES),
        title="When the star looks unusual",
        description_md="Before readers get a star, it is compared with theirs. Beyond a threshold (`ASK_…` in"
        " `.env`) the run asks a person, stops, or only warns.",
    ),
    "publish": Param(
        ANSWERS[0],
        enum=list(ANSWERS),
        title="Publish",
        description_md="`ask`: a person approves the comparison first. `no`: the star is built and compared,"
        " and stays in `trusted_next`.",
    ),
}


def fields() -> dict[str, Param]:
    """Return the fields by name, of this DAG alone: a run in one process writes its values into them."""
    return deepcopy(FIELDS)
