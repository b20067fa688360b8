"""What a load leaves alone: on the page too."""

from tests.integration.extract_load.postgres.users import INSERT, MANY
from tests.integration.helpers.loads import counts
from tests.integration.helpers.samples import ANA, BEN
from tests.product import USERS

PLACE = "select user_id, ctid::text, xmin::text, xmax::text from raw.postgres_users order by 1"


def test_row_that_is_read_again_unchanged_is_neither_written_nor_locked(pipeline):
    pipeline.source(INSERT, "U0001", 21)
    pipeline.source(INSERT, "U0002", 35)
    pipeline.extract()
    before = pipeline.warehouse(PLACE)
    pipeline.source("update users set age = 36 where user_id = 'U0002'")
    load = pipeline.extract(batch=pipeline.batch("run 2"))
    assert counts(load) == {"read": 2, "updated": 1, "unchanged": 1}
    after = pipeline.warehouse(PLACE)
    assert after[0] == before[0]
    assert after[1]["ctid"] != before[1]["ctid"]


def test_everything_compared_anew_writes_no_row(pipeline):
    pipeline.source(MANY, 3000)
    pipeline.extract()
    before = pipeline.warehouse(PLACE)
    pipeline.warehouse("delete from ops.watermarks")
    load = pipeline.extract(batch=pipeline.batch("run 2"))
    assert counts(load) == {"read": 3000, "unchanged": 3000}
    assert pipeline.warehouse(PLACE) == before


def test_load_does_not_wait_for_a_row_that_it_need_not_write(pipeline, in_background):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    pipeline.source("update users set age = 36 where user_id = 'U0002'")
    with pipeline.platform.connect("elt_loader").cursor() as other:
        other.execute("select 1 from raw.postgres_users where user_id = 'U0001' for update")
        load = in_background(pipeline.extract, USERS, pipeline.batch("run 2")).result(20)
    assert counts(load) == {"read": 2, "updated": 1, "unchanged": 1}


def test_changed_row_stays_on_its_page_and_leaves_the_indexes_alone(own_pipeline):
    pipeline = own_pipeline
    pipeline.source(MANY, 3000)
    pipeline.extract()
    pages = "select user_id, (ctid::text::point)[0] as page from raw.postgres_users order by 1"
    before = pipeline.warehouse(pages)
    pipeline.source("update users set age = age + 1 where user_id like 'U%9'")
    assert pipeline.extract(batch=pipeline.batch("run 2")).updated == 300
    assert pipeline.warehouse(pages) == before
    assert len({row["page"] for row in before}) > 10
    with pipeline.loader.cursor() as cursor:
        cursor.execute("select pg_stat_force_next_flush()")
    pipeline.loader.commit()
    (done,) = pipeline.warehouse(
        "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'postgres_users'"
        " and schemaname = 'raw'"
    )
    assert (done["n_tup_upd"], done["n_tup_hot_upd"]) == (300, 300)
