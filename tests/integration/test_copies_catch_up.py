"""Each copy of the star catches up with the days since it was built."""

from include.publish import publish, rollback
from tests.daily_star import Star


def test_after_publications_and_a_rollback_the_next_copy_catches_up_and_equals_a_full_refresh(
    platform, tmp_path_factory
):
    star = Star(platform, tmp_path_factory.mktemp("star"), seed=20_240_902)
    warehouse = platform.connect("dbt_transformer")
    star.days.first()
    for _ in range(4):
        star.days.next()
        star.build()
        publish(warehouse, star.batch())
    rollback(warehouse)
    star.days.next()
    star.build()
    star.assert_equals_a_full_refresh()
