"""The form of a trigger: what people may say of a run, and what it means."""

from airflow.sdk import Param

from include.days import LAST, LAUNCH
from include.tables import FILES

PARAMS = {
    "as_of": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Business day",
        description_md=f"The day whose state is brought, from {LAUNCH} to {LAST}; with files or systems of"
        f" your own any day until {LAST}. Empty: the run's own date.",
    ),
    "data_dir": Param(
        None,
        type=["null", "string"],
        title="Folder with your own files",
        description_md=f"Holds {FILES}. Empty: generated.",
    ),
    "allow_mass_deletion": Param(
        False,
        type="boolean",
        title="Allow a mass deletion",
        description_md="A load that would delete more of a raw table's live rows than `MAX_DELETED_SHARE`"
        " (half of them) stops. Switch on when it is meant; a folder with your own files"
        " allows it by itself.",
    ),
    "full_refresh": Param(
        False,
        type="boolean",
        title="Build the star from nothing",
        description_md="Computes every session again, not only those of newer loads. After a change of the"
        " dbt project a run does so by itself.",
    ),
}
