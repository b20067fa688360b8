"""Programs go by the code of a rule: whoever words a reason better changes nothing."""

from include.replay import Replay, replay_documents, replay_table
from tests.product import CONTENT, USERS

ANA = "U1,21,Argentina,Basic,2022-10-02,58.0"
FILM = {"content_id": "M1", "title": "A", "genre": ["Drama"], "duration_minutes": 90, "release_year": 2020}


def rules(pipeline):
    rows = pipeline.warehouse("select rule from quarantine.rejected_rows order by rejected_row_id")
    return [row["rule"] for row in rows]


def reword(pipeline):
    """Let another version have worded the reasons."""
    pipeline.warehouse("update quarantine.rejected_rows set reason = 'geht nicht: ' || rejected_row_id")


def test_rejected_rows_keep_the_codes_of_their_rules(pipeline):
    pipeline.seed_users(
        ANA,
        ANA.replace("21", "old").replace("U1", "U2"),
        ANA.replace("21", "200").replace("U1", "U3"),
        ANA.replace("2022-10-02", "2022-13-02").replace("U1", "U4"),
        ANA.replace("58.0", "-1").replace("U1", "U5"),
        ",21,Chile,Basic,2022-10-02,1",
        ANA,
        "U6,21",
    )
    assert rules(pipeline) == [
        "not_a_whole_number",
        "above",
        "not_a_date",
        "below",
        "empty",
        "repeated_key",
        "field_count",
    ]


def test_replay_of_rows_goes_by_the_code(pipeline):
    pipeline.seed_users(ANA, ANA.replace("21", "22"), "U2,2\0,Chile,Basic,2022-10-02,1")
    assert sorted(rules(pipeline)) == ["nul_in_row", "repeated_key"]
    reword(pipeline)
    assert replay_table(pipeline.app, pipeline.loader, USERS) == Replay("users.csv", 0, 2, 0)
    assert {key: row["age"] for key, row in pipeline.source_users().items()} == {"U1": 21}


def test_replay_of_documents_goes_by_the_code(pipeline):
    pipeline.seed_content([FILM, {**FILM, "title": "B"}], [])
    assert rules(pipeline) == ["repeated_key"]
    reword(pipeline)
    assert replay_documents(pipeline.product, pipeline.loader, CONTENT) == Replay("content.json", 0, 1, 0)
    assert [found["title"] for found in pipeline.product.content.find()] == ["A"]
