"""Read the semantic model of a Power BI project, as strictly as Power BI Desktop is expected to.

A folder of TMDL files -> nodes and problems. No program of Microsoft judges here: Desktop may still refuse
what this reader lets pass.
"""

from pathlib import Path

from tests.powerbi.nodes import Model, Node
from tests.powerbi.reader import Reader

__all__ = ["Model", "Node", "read"]
BOM = b"\xef\xbb\xbf"


def read(folder: Path) -> Model:
    """Return the model whose TMDL files are in the folder or below it; what is wrong is in its problems."""
    model = Model()
    for path in sorted(folder.rglob("*.tmdl")):
        file = path.relative_to(folder).as_posix()
        reader = Reader(file, _text(path, file, model.problems))
        reader.read()
        model.objects += reader.nodes
        model.problems += reader.problems
    if not model.objects:
        model.problems.append(f"{folder}: no TMDL files")
    return model


def _text(path: Path, file: str, problems: list[str]) -> str:
    content = path.read_bytes()
    if content.startswith(BOM):
        problems.append(f"{file}:1: begins with a byte order mark")
        content = content.removeprefix(BOM)
    try:
        return content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        problems.append(f"{file}: is not UTF-8: {error}")
        return ""
