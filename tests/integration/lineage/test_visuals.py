"""From a column of a file to the visual: what docs and `make lineage` say."""

import pytest

from cli import CommandError
from cli.lineage import DOCS, generated_lineage, print_lineage

OF_COUNTRY = {
    "Users and subscriptions: Active users by country, the first 12",
    *(f"{page}: Country" for page in (
        "Users and subscriptions", "Content and engagement", "Sessions and usage",
    )),
}  # fmt: skip


def test_docs_have_the_lineage_of_now():
    for name, text in generated_lineage().items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, "make lineage writes it anew"


def test_a_column_of_a_file_leads_to_just_its_visuals(capsys):
    print_lineage("users.csv:country")
    above, below = capsys.readouterr().out.split("Breaks with it:")
    assert above == "Made from: nothing\n"
    lines = [line.split(maxsplit=1) for line in below.strip().splitlines()]
    assert {name for kind, name in lines if kind == "visual"} == OF_COUNTRY
    names = {name for _, name in lines}
    assert {"raw.postgres_users.country", "trusted.dim_users.country"} <= names
    assert not {name for name in names if name.startswith("metric ")}


def test_a_visual_leads_back_to_its_columns(capsys):
    print_lineage("Content and engagement: Watch hours by title, the first 15")
    above, below = capsys.readouterr().out.split("Breaks with it:")
    assert "metric watch_hours" in above
    assert "viewing_sessions.csv:watch_duration_minutes" in above
    assert "content.json:series.title" in above
    assert "users.csv" not in above
    assert below.strip() == "nothing"


def test_a_name_that_there_is_not_is_answered_with_ones_like_it():
    with pytest.raises(
        CommandError, match=r"no 'users.csv:countri' in the lineage: did you mean users.csv:co"
    ):
        print_lineage("users.csv:countri")
