"""Microsoft's JSON schemas of Power BI projects, as published; see schemas/LICENSE."""

import json
from collections.abc import Iterator
from pathlib import Path

from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

FOLDER = Path(__file__).parent / "schemas"
ADDRESS = "https://developer.microsoft.com/json-schemas/"
SCHEMAS = {
    f"{ADDRESS}{path.relative_to(FOLDER).as_posix()}": json.loads(path.read_text(encoding="utf-8"))
    for path in FOLDER.rglob("*.json")
}
REGISTRY = Registry().with_resources(
    (address, Resource.from_contents(schema, default_specification=DRAFT7))
    for address, schema in SCHEMAS.items()
)


def problems(file: str, content: dict) -> Iterator[str]:
    """Yield what the schema that the file names does not allow. Raises KeyError for an unknown schema."""
    schema = SCHEMAS[content["$schema"]]
    for error in Draft7Validator(schema, registry=REGISTRY).iter_errors(content):
        yield f"{file}: {'/'.join(map(str, error.absolute_path))}: {error.message}"
