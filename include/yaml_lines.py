"""YAML that knows its lines: read a file, check it against a JSON schema, say where it is wrong."""

import json
import re
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from include.errors import InputError


class _Loader(yaml.SafeLoader):
    """YAML in which only `true` and `false` are booleans and a date is a text: `no` may be a column."""


_OTHERS = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _OTHERS]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))


# What JSON's types are called in messages.
KINDS = {"object": "names with values", "array": "a list", "string": "text", "number": "a number"}
KINDS |= {"boolean": "true or false", "null": "empty", "integer": "a whole number"}


class YamlFile:
    """A YAML file that fits its schema. Raises InputError, which names file and line, when it does not."""

    def __init__(self, path: Path, schema: Path) -> None:
        self.path = path
        try:
            self._root = yaml.compose(path.read_text(encoding="utf-8"), _Loader)
            self.content = self._constructed()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} cannot be read: {error}") from None
        except (yaml.YAMLError, RecursionError) as error:
            raise InputError(f"{path} is not YAML: {error}") from None
        self._check(json.loads(schema.read_text(encoding="utf-8")))

    def error(self, place: Sequence[Hashable], problem: str) -> InputError:
        """Return the error for a place, given by its keys from the top of the file."""
        where = ".".join(map(str, place))
        return InputError(f"{self.path}, line {self._line(place)}: {where + ': ' if where else ''}{problem}")

    def _constructed(self) -> object:
        if self._root is None:
            return {}
        loader = _Loader("")
        try:
            for place, key in _repeated(self._root, ()):
                raise self.error((*place, key), "this name stands here twice")
            return loader.construct_document(self._root)
        finally:
            loader.dispose()

    def _check(self, schema: dict) -> None:
        found = best_match(Draft202012Validator(schema).iter_errors(self.content))
        if found:
            raise self.error(*_explained(found))

    def _line(self, place: Sequence[Hashable]) -> int:
        """Return the line of the place's key, or the one of the nearest place around it that there is."""
        node, line = self._root, 1
        for key in place:
            if isinstance(node, yaml.MappingNode):
                pairs = {name.value: (name, value) for name, value in node.value}
                # Of a name that stands twice, the later one.
                if str(key) not in pairs:
                    break
                name, node = pairs[str(key)]
                line = name.start_mark.line + 1
            elif isinstance(node, yaml.SequenceNode):
                node = node.value[int(str(key))]
                line = node.start_mark.line + 1
        return line


def _explained(error: ValidationError) -> tuple[list[Hashable], str]:
    """Return place and words for what jsonschema found; a name that is not known is the place itself."""
    place = list(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        # The name itself is the place.
        place.append(error.instance)
    if error.validator == "additionalProperties" and isinstance(error.validator_value, bool):
        known = error.schema.get("properties", {})
        unknown = next(name for name in error.instance if name not in known)
        return [*place, unknown], f"is not known here; known are {', '.join(known)}"
    if error.validator == "oneOf":
        choices = " or ".join(" and ".join(choice["required"]) for choice in error.validator_value)
        return place, f"must have either {choices}, and not both"
    if error.validator == "enum":
        return place, f"{error.instance!r} is none of {', '.join(error.validator_value)}"
    if error.validator == "pattern":
        return place, f"{error.instance!r} does not fit. {error.schema.get('description', error.message)}"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return place, f"{' and '.join(missing)} must be given"
    if error.validator == "type":
        wanted = " or ".join(KINDS[name] for name in _listed(error.validator_value))
        return (
            place,
            f"must be {wanted}, and is {'empty' if error.instance is None else repr(error.instance)}",
        )
    return place, error.message


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _repeated(node: yaml.Node, place: tuple) -> Iterator[tuple[tuple, str]]:
    """Yield each place at which a mapping has a name twice, with the name."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for name, value in node.value:
            if not isinstance(name, yaml.ScalarNode):
                raise yaml.YAMLError(f"a name must be a text, in line {name.start_mark.line + 1}")
            if name.value in seen:
                yield place, name.value
            seen.add(name.value)
            yield from _repeated(value, (*place, name.value))
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _repeated(value, (*place, position))
