"""Back to the previous star and forth again; also on an installation from before there was publishing."""

import pytest

from include.embedded import postgres
from include.errors import PublicationError, StarInUseError
from include.ops.publications import latest_publications
from include.publish import rollback
from include.publish import swap as module


def test_rollback_gives_the_previous_star_and_a_second_one_takes_it_back(star):
    star.publish(1)
    star.publish(2)
    assert rollback(star.transformer).version == 1
    assert star.seen() == {1}
    assert rollback(star.transformer).version == 2
    assert star.seen() == {2}
    rollback(star.transformer)
    assert star.publish(3) == 3
    assert rollback(star.transformer).version == 1
    assert star.seen() == {1}


@pytest.mark.parametrize("published", [0, 1])
def test_rollback_without_a_previous_star_is_refused(star, published):
    for number in range(published):
        star.publish(number)
    before = star.everything()
    with pytest.raises(PublicationError, match="no previous version"):
        rollback(star.transformer)
    assert star.everything() == before


def test_rollback_is_refused_while_dbt_builds_and_allowed_when_it_was_killed(star):
    star.publish(1)
    star.publish(2)
    star.build(3, "building")
    dbt = star.platform.connect("dbt_transformer")
    with dbt, dbt.cursor() as cursor:
        cursor.execute("set application_name = 'dbt'")
    with pytest.raises(PublicationError, match="dbt is building"):
        rollback(star.transformer)
    assert star.seen() == {2}
    dbt.close()
    assert rollback(star.transformer).version == 1


def test_rollback_waits_for_readers_as_publishing_does(star, monkeypatch):
    monkeypatch.setattr(module, "ATTEMPTS", 2)
    star.publish(1)
    star.publish(2)
    reader = star.platform.connect("bi_reader")
    with reader, reader.cursor() as cursor:
        cursor.execute("select count(*) from trusted.dim_users")
        with pytest.raises(StarInUseError):
            rollback(star.transformer)
    assert star.seen() == {2}


def test_an_older_installation_is_upgraded_by_its_next_start(star):
    platform = star.platform
    name = platform.env["WAREHOUSE_DB"]
    star.build(0)
    for statement in (
        "drop schema trusted, trusted_previous",
        "alter schema trusted_next rename to trusted",
        "comment on schema trusted is null",
        f"revoke create on database {name} from dbt_transformer",
        "grant usage on schema trusted to bi_reader",
    ):
        platform.query("admin", statement)
    assert star.seen() == {0}
    postgres.create_databases(platform.env, int(platform.env["WAREHOUSE_PORT"]))
    assert star.seen() == {0}
    assert star.publish(1) == 1
    assert star.seen() == {1}
    back = rollback(star.transformer)
    assert (back.version, back.as_of) == (0, None)
    assert star.seen() == {0}
    assert star.publish(2) == 2
    with star.transformer as connection, connection.cursor() as cursor:
        assert [p.version for p in latest_publications(cursor, 9)] == [2, 0, 1]
