"""The form of a trigger: what people may say of a run, and what it means."""

from airflow.sdk import Param

from include.days import LAST, LAUNCH
from include.plan.decision import ANSWERS, GATES
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
