"""CSV files that cannot be used: refused with the place and the way out, and nothing is changed."""

import pytest

from include.errors import InputError
from tests.integration.helpers.loads import rejections
from tests.integration.helpers.samples import ANA, BEN
from tests.product import USERS

HEADER = b"user_id,age,country,subscription_type,registration_date,total_watch_time_hours\n"
ROW = ANA.encode() + b"\n"
UNUSABLE = [
    pytest.param(None, ["users.csv: there is no such file", "Put it there"], id="missing"),
    pytest.param(b"", ["users.csv: the file is empty", "It needs the header user_id,age"], id="empty"),
    pytest.param(b"\n\n", ["users.csv: the", "is empty", "It needs the header"], id="blank"),
    pytest.param(HEADER, ["users.csv: the file has no data", "left as it is"], id="header only"),
    pytest.param(
        HEADER[:-1], ["users.csv: the file has no data", "left as it is"], id="header, no line feed"
    ),
    pytest.param(
        HEADER + ROW + b"U0002,21,M\xe9xico,Basic,2022-10-02,1\n",
        ["users.csv, line 3, byte 11: not UTF-8 (0xe9)", "Save the file as UTF-8"],
        id="Latin-1",
    ),
    pytest.param(
        (HEADER + ROW).decode().encode("utf-16"),
        ["users.csv, line 1, byte 1: not UTF-8 (0xff)", "Save the file as UTF-8"],
        id="UTF-16",
    ),
    pytest.param(
        HEADER.replace(b",age", b"") + b"U0001,Argentina,Basic,2022-10-02,58\n",
        ["users.csv, line 1: column age is missing", "The header must name user_id,age,country"],
        id="column missing",
    ),
    pytest.param(
        (HEADER + ROW).replace(b",", b";"),
        ["users.csv, line 1: column user_id, age", "separated by commas"],
        id="semicolons",
    ),
    pytest.param(
        ROW + ROW, ["users.csv, line 1: column user_id, age", "The header must name"], id="no header"
    ),
    pytest.param(
        HEADER.replace(b",age", b",age,age") + b"U0001,1,2,Argentina,Basic,2022-10-02,58\n",
        ["users.csv, line 1: column age is there more than once"],
        id="column twice",
    ),
    pytest.param(
        HEADER + ROW + b"U0002,35,Bra",
        ["users.csv, line 3: the file ends in the middle of a row ('U0002,35,Bra')", "cut off"],
        id="cut off",
    ),
    pytest.param(
        HEADER + b"U0001,old,Argentina,Basic,2022-10-02,58\nU0002,1\n",
        [
            "users.csv: none of its 2 rows can be loaded",
            "age 'old' is not a whole number",
            "quarantine.rejected_rows",
        ],
        id="every row bad",
    ),
    pytest.param(
        HEADER.replace(b"user_id,age", b"age,user_id") + ROW,
        ["users.csv: none of its 1 rows can be loaded; first, at 2: age 'U0001' is not a whole number"],
        id="columns swapped",
    ),
    pytest.param(
        HEADER + b"U0001,21\nU0002,22\n",
        ["users.csv: none of its 2 rows can be loaded; first, at 2: the row has 2 fields, the header has 6"],
        id="every row too short",
    ),
]


@pytest.mark.parametrize(("content", "message"), UNUSABLE)
def test_unusable_file_is_refused_and_changes_nothing(pipeline, content, message):
    pipeline.seed_users(ANA, BEN)
    before = pipeline.state()
    path = pipeline.folder / "users.csv"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        pipeline.seed(batch=pipeline.batch("run 2", "2024-09-02"))
    for part in [str(path), *message]:
        assert part in str(refused.value)
    after = pipeline.state()
    assert after | {"quarantine": []} == before | {"quarantine": []}
    assert len(after["users"]) == 2


def test_folder_in_place_of_the_file_is_refused(pipeline):
    (pipeline.folder / "users.csv").mkdir()
    with pytest.raises(InputError, match=r"users\.csv: cannot be read \(Is a directory\)"):
        pipeline.seed()


def test_unusable_file_found_far_into_it_changes_nothing(pipeline):
    pipeline.seed_users(ANA)
    before = pipeline.state()
    # More than the chunk that is read at once, so that rows are on their way when the mistake is met.
    lines = b"".join(b"U1%06d,21,Chile,Basic,2022-10-02,1\n" % n for n in range(40_000))
    assert len(lines) > 1 << 20
    pipeline.write("users.csv", HEADER + lines + b"U0002,21,M\xe9xico,Basic,2022-10-02,1\n")
    with pytest.raises(InputError, match=r"users\.csv, line 40002, byte 11: not UTF-8 \(0xe9\)\. Save"):
        pipeline.seed()
    assert pipeline.state() == before


def test_reasons_are_kept_when_every_row_is_bad(pipeline):
    pipeline.write_csv(USERS, ["U0001,old,x,Basic,2022-10-02,58", "U0002,1,x,Basic,never,58", "U0003"])
    with pytest.raises(InputError, match=r"all rows and reasons are in quarantine\.rejected_rows"):
        pipeline.seed()
    assert sorted(rejections(pipeline)) == [
        ("2", "age", "old", "is not a whole number"),
        ("3", "registration_date", "never", "is not a date (YYYY-MM-DD)"),
        ("4", None, None, "the row has 1 fields, the header has 6"),
    ]
    assert pipeline.load_runs() == []
    with pytest.raises(InputError):
        pipeline.seed()
    assert len(pipeline.quarantine()) == 3
