"""What somebody else made in a source is never written: the platform seeds only what has its mark."""

import pytest

from include.errors import ForeignTableError
from include.replay import replay_table
from include.schema import create_collection, create_source_tables
from include.schema.played import MARK, MARKS
from tests.integration.helpers.samples import ANA, BEN, movie
from tests.product import CONTENT, USERS

THEIRS = """
drop table users, viewing_sessions, seed_state;
drop function touch_updated_at;
create table users (user_id text primary key, age integer, password text, created_at timestamptz);
insert into users values ('U0001', 30, 'secret', now()), ('U0002', 40, 'secret', now())
"""
EVERYTHING = """
select relname, obj_description(oid, 'pg_class'), relhastriggers from pg_class
where relnamespace = 'public'::regnamespace
union all
select proname, prosrc, null from pg_proc where pronamespace = 'public'::regnamespace
order by 1
"""
FORGET_MARKS = "comment on table users is null; comment on table viewing_sessions is null"


@pytest.fixture
def source(own_pipeline):
    """Ask the source as app, who owns what the platform makes there."""
    return lambda sql: own_pipeline.platform.query("app", sql)


def test_somebodys_table_stops_the_first_run_before_it_writes(own_pipeline, source):
    source(THEIRS)
    before = source(EVERYTHING), source("select * from users order by 1")
    with pytest.raises(ForeignTableError, match=r"public\.users in .*nothing was written.*SOURCE_DB"):
        create_source_tables(own_pipeline.app)
    assert (source(EVERYTHING), source("select * from users order by 1")) == before


@pytest.mark.parametrize("kind", ["view", "materialized view"])
def test_somebodys_view_stops_the_first_run(own_pipeline, source, kind):
    source(f"drop table users; create {kind} users as select 'U0001' as user_id")
    with pytest.raises(ForeignTableError, match=r"public\.users"):
        create_source_tables(own_pipeline.app)


def test_a_table_that_took_the_place_of_the_platforms_is_not_seeded(own_pipeline, source):
    own_pipeline.seed_users(ANA, BEN)
    source("alter table users rename to former; create table users (like former including all)")
    source("insert into users select * from former")
    source("comment on table users is 'Of the shop'")
    with pytest.raises(ForeignTableError, match=r"public\.users"):
        own_pipeline.seed_users(ANA)
    assert source("select count(*) from users") == [(2,)]


def test_rows_of_quarantine_do_not_reach_somebodys_table(own_pipeline, source):
    own_pipeline.seed_users(ANA, "U0002,old,Brazil,Basic,2023-01-15,1")
    own_pipeline.warehouse("update quarantine.rejected_rows set row_text = replace(row_text, 'old', '40')")
    source(FORGET_MARKS)
    with pytest.raises(ForeignTableError, match=r"public\.users"):
        replay_table(own_pipeline.app, own_pipeline.loader, USERS)
    assert source("select user_id from users") == [("U0001",)]


def test_tables_from_before_there_were_marks_are_known_by_their_seed(own_pipeline, source):
    own_pipeline.seed_users(ANA, BEN)
    source(FORGET_MARKS)
    create_source_tables(own_pipeline.app)
    assert own_pipeline.seed_users(ANA).deleted == 1
    assert source("select obj_description('users'::regclass)") == [(MARK,)]


def test_a_table_from_before_with_rows_and_without_a_seed_or_with_a_column_more_is_somebodys(
    own_pipeline, source
):
    own_pipeline.seed_users(ANA)
    source(FORGET_MARKS)
    source("alter table users add column password text")
    with pytest.raises(ForeignTableError, match=r"comment on table public\.users is '") as error:
        create_source_tables(own_pipeline.app)
    source("alter table users drop column password; delete from seed_state")
    with pytest.raises(ForeignTableError):
        create_source_tables(own_pipeline.app)
    source(f"comment on table public.users is '{MARK}'")
    assert f"is '{MARK}'" in str(error.value)
    create_source_tables(own_pipeline.app)
    assert own_pipeline.seed_users(ANA, BEN).inserted == 1


def test_somebodys_collection_stops_the_first_run_before_it_writes(own_pipeline):
    product = own_pipeline.product
    product.content.drop()
    product[MARKS].drop()
    product.content.insert_one({"title": "theirs"})
    before = list(product.content.find()), product.content.index_information()
    with pytest.raises(ForeignTableError, match=r"content in .*nothing was written.*MONGO_DB"):
        create_collection(product, CONTENT)
    assert (list(product.content.find()), product.content.index_information()) == before
    assert MARKS not in product.list_collection_names()


def test_a_collection_without_a_mark_is_not_seeded(own_pipeline):
    own_pipeline.seed_content([movie()])
    own_pipeline.product[MARKS].drop()
    with pytest.raises(ForeignTableError, match="insertOne"):
        own_pipeline.seed_content([movie("M2")])
    assert sorted(own_pipeline.documents()) == ["M1"]


def test_a_collection_from_before_there_were_marks_is_known_by_its_seed(own_pipeline):
    own_pipeline.seed_content([movie()])
    own_pipeline.product[MARKS].drop()
    create_collection(own_pipeline.product, CONTENT)
    own_pipeline.seed_content([movie("M2")])
    assert sorted(own_pipeline.documents()) == ["M2"]
