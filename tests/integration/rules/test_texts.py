"""One idea of blank on real servers: of rules, of dbt's macros, in a database of another encoding."""

import jinja2
import pytest
from psycopg2.sql import SQL, Literal

from include.embedded.postgres import connect_as_admin
from include.environment import ROOT
from include.rules.texts import BLANKS, is_filled, is_too_long, trimmed
from tests.integration.helpers.connections import autocommit

TEXTS = [None, "", *BLANKS, *(f"{blank}TV{blank}" for blank in BLANKS), f"{BLANKS}x y{BLANKS}", "TV", "a"]
TEXTS += ["❤️", "é", " é", "日本\u200b", "a\u200bb", "\u0301"]


@pytest.fixture(scope="module")
def ask(warehouse):
    connection = autocommit(warehouse.connect("elt_loader"))

    def ask(expression):
        with connection.cursor() as cursor:
            values = SQL(", ").join(
                SQL("({}, {}::text)").format(Literal(n), Literal(t)) for n, t in enumerate(TEXTS)
            )
            query = SQL("select {} from (values {}) as given (number, a) order by number")
            cursor.execute(query.format(expression, values))
            return [value for (value,) in cursor.fetchall()]

    return ask


def macro(call):
    return SQL(jinja2.Environment().from_string((ROOT / "dbt/macros/texts.sql").read_text() + call).render())


def test_rules_and_macros_trim_what_python_trims(ask):
    expected = [None if text is None else text.strip(BLANKS) for text in TEXTS]
    assert ask(trimmed(SQL("a"))) == expected
    assert ask(macro("{{ trimmed('a') }}")) == [text or None for text in expected]
    assert [bool(found) for found in ask(is_filled(SQL("a")))] == [bool(text) for text in expected]


def test_id_stays_as_it_is_and_one_of_blanks_is_none(ask):
    expected = [text if text and text.strip(BLANKS) else None for text in TEXTS]
    assert ask(macro("{{ id_or_null('a') }}")) == expected


@pytest.mark.parametrize("encoding", ["UTF8", "LATIN1", "SQL_ASCII", "EUC_JP"])
def test_bound_is_in_bytes_of_utf8_on_every_server(platform, encoding):
    env = platform.env
    admin = autocommit(connect_as_admin(env, int(env["SOURCE_PORT"]), "postgres"))
    name = f"{env['SOURCE_DB']}_{encoding.lower()}"
    with admin.cursor() as cursor:
        cursor.execute(f"create database {name} encoding '{encoding}' template template0 locale 'C'")
    admin.close()
    connection = autocommit(connect_as_admin(env, int(env["SOURCE_PORT"]), name))
    sign = {"LATIN1": "ä", "EUC_JP": "日"}.get(encoding, "x")
    size = len(sign.encode())
    connection.set_client_encoding("UTF8")
    with connection.cursor() as cursor:
        text = SQL("repeat({}, {})")
        for times, beyond in ((400 // size, False), (400 // size + 1, True), (2000, True)):
            long = text.format(SQL("'" + sign + "'"), Literal(times))
            cursor.execute(SQL("select {}").format(is_too_long(long, 400)))
            assert cursor.fetchone() == (beyond,)
        cursor.execute(SQL("select {}, {}").format(is_filled(SQL("E' \\t\\n'")), is_filled(SQL("' x'"))))
        assert cursor.fetchone() == (False, True)
    connection.close()
