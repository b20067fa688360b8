"""Where a load stops itself: the exact border, the smallest table, and what the message says."""

import pytest

from include.errors import GuardError, InputError
from include.rules.limits import refuse_mass_deletion, refuse_mass_rejection
from include.rules.rejected import Rejected
from include.settings import Limits


def rejections(number: int, reason: str = "is empty", column: str | None = "age") -> list[Rejected]:
    return [Rejected(str(line), column, None, reason, "empty", row="") for line in range(number)]


@pytest.mark.parametrize(
    ("deleted", "live", "share"),
    [(0, 0, 0), (99, 99, 0), (50, 100, 0.5), (29, 100, 0.29), (100, 100, 1), (0, 100, 0)],
)
def test_deletion_up_to_the_share_or_of_a_small_table_passes(deleted: int, live: int, share: float) -> None:
    refuse_mass_deletion("postgres_users", deleted, live, Limits(deleted_share=share))


@pytest.mark.parametrize(("deleted", "live", "share"), [(51, 100, 0.5), (100, 100, 0.99), (1, 100, 0)])
def test_deletion_above_the_share_is_refused(deleted: int, live: int, share: float) -> None:
    with pytest.raises(GuardError):
        refuse_mass_deletion("postgres_users", deleted, live, Limits(deleted_share=share))


def test_refused_deletion_names_table_numbers_and_the_ways_out() -> None:
    with pytest.raises(GuardError) as refused:
        refuse_mass_deletion("postgres_users", 4_950, 5_000, Limits())
    for part in (
        "raw.postgres_users: 4,950 of its 5,000 live rows would vanish (99 %; MAX_DELETED_SHARE is 50 %)",
        "Check that the source is complete",
        "allow_mass_deletion",
        "MAX_DELETED_SHARE=1 in .env",
    ):
        assert part in str(refused.value)


@pytest.mark.parametrize(
    ("number", "read", "share"), [(20, 100, 0.2), (99, 99, 0.2), (100, 100, 1), (0, 0, 0)]
)
def test_rejections_up_to_the_share_or_of_a_small_load_pass(number: int, read: int, share: float) -> None:
    refuse_mass_rejection("users.csv", read, rejections(number), Limits(rejected_share=share))


def test_refused_rejections_name_file_numbers_and_the_most_frequent_reason() -> None:
    rejected = [
        *rejections(7, "is empty"),
        *rejections(6, "is not a date"),
        # Each names another line, and they are one reason.
        *(
            Rejected(str(n), "user_id", "U1", f"repeats the key of line {n}", "repeated_key", row="")
            for n in range(8)
        ),
    ]
    with pytest.raises(InputError) as refused:
        refuse_mass_rejection("users.csv", 100, rejected, Limits())
    for part in (
        "users.csv: 21 of the 100 rows read cannot be loaded (21 %; MAX_REJECTED_SHARE is 20 %)",
        "most often, 8 times: user_id repeats the key of another line.",
        "`make quarantine`",
    ):
        assert part in str(refused.value)


def test_reason_without_a_column_is_named_alone() -> None:
    rejected = rejections(100, "the row has 2 fields, the header has 6", column=None)
    with pytest.raises(InputError, match="100 times: the row has 2 fields, the header has 6"):
        refuse_mass_rejection("users.csv", 100, rejected, Limits())
