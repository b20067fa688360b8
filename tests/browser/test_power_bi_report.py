"""Microsoft's own command line judges the committed report, without its schemas, which it would download."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.powerbi import FOLDER
from powerbi.generate.project import MODEL, REPORT

JUDGE = Path(__file__).parent / "node_modules" / ".bin" / "powerbi-report-author"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    for part in (MODEL, REPORT):
        shutil.copytree(FOLDER / part, tmp_path / part)
    return tmp_path / REPORT


def judged(report: Path) -> dict:
    command = [JUDGE, "validate", "--no-schema", report]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(said.stdout)


def test_the_report_has_neither_errors_nor_warnings(report):
    found = judged(report)["data"]
    assert (found["result"], found["errorCount"], found["warningCount"]) == ("succeeded", 0, 0)


def test_a_broken_report_has_errors(report):
    pages = report / "definition" / "pages" / "pages.json"
    content = json.loads(pages.read_text(encoding="utf-8"))
    content["pageOrder"].append("0" * 20)
    pages.write_text(json.dumps(content), encoding="utf-8")
    assert '"errorCount":0' not in json.dumps(judged(report), separators=(",", ":"))
