"""The recipe "a table" of docs/extending.md, applied to a copy of the project and run there.

A sixth source table that was declared as the recipe says goes all the way: generated, seeded, loaded, staged,
in a mart, published; and the project's own rules still hold.
"""

import re
import shutil
import subprocess

import pytest

from include.environment import ROOT
from tests.project_copy import copy_project, run_python, run_tests

pytestmark = pytest.mark.nightly
# A new file is the fenced block after its name; a change of one is a diff.
NEW_FILE = re.compile(r"`([\w/]+\.(?:py|sql|yml))`[^`]*?\n\n```(?:python|sql|yaml)\n(.*?)```", re.DOTALL)
DIFF = re.compile(r"```diff\n(.*?)```", re.DOTALL)
DRAFTED = "dbt/models/staging/product/stg_postgres__payments.sql"
RULES = [
    "tests/unit/test_tables.py",
    "tests/unit/cli/test_source_models.py",
    "tests/unit/generate/test_files.py",
    "tests/dbt_project/test_manifest.py",
    "tests/dbt_project/test_data_model.py",
]
OWN_TEST = """
from include.generate import ANCHOR, Size, write_files
from include.run import Batch
from tests.pipeline import dbt_build, load_everything


def test_payments_reach_readers(platform, tmp_path):
    write_files(tmp_path, as_of=ANCHOR, seed=42, size=Size(users=30, titles=5, sessions=200))
    load_everything(platform, tmp_path, Batch("run 1", ANCHOR))
    dbt_build(platform, tmp_path / "dbt")
    (loaded,) = platform.query("elt_loader", "select count(*) from raw.postgres_payments")
    query = "select sum(payments), sum(payers) from trusted.mart_monthly_payments"
    assert platform.query("bi_reader", query) == [(loaded[0], loaded[0])]
    assert loaded[0] > 20
"""


@pytest.fixture(scope="module")
def extended():
    """Return a copy of the project in which the recipe was followed to the letter."""
    copy = copy_project("streaming-extending-")
    recipe = (copy / "docs" / "extending.md").read_text()
    new_files = NEW_FILE.findall(recipe)
    for name, _ in new_files:
        assert not (copy / name).exists(), name
    diffs = DIFF.findall(recipe)
    for diff in diffs:
        subprocess.run(["patch", "-p1"], cwd=copy, input=diff, text=True, check=True)
    run_python(copy, "-m", "cli", "source-models")
    for name, text in new_files:
        # Only the model was drafted.
        assert (copy / name).exists() == (name == DRAFTED), name
        (copy / name).write_text(text)
    assert (len(new_files), len(diffs)) == (5, 2)
    run_python(copy, "-m", "cli", "data-model")
    (copy / "tests" / "integration" / "test_payments.py").write_text(OWN_TEST)
    yield copy
    shutil.rmtree(copy, ignore_errors=True)


def test_project_still_keeps_its_rules(extended):
    printed = run_tests(extended, *RULES)
    assert " passed" in printed
    assert "mart_monthly_payments" in (extended / "docs" / "data-model.md").read_text()
    assert "payments.csv" in (extended / "README.md").read_text()


def test_new_table_goes_all_the_way(extended):
    printed = run_python(
        extended, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/integration/test_payments.py"
    )
    assert "1 passed" in printed
    assert ROOT not in extended.parents
