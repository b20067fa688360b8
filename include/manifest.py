"""What dbt's manifest.json says of models: their names, columns, keys, and what those point to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A model: the types of its columns, its key, and the model that each foreign key points to."""

    name: str
    types: dict[str, str]
    key: tuple[str, ...]
    points_to: dict[str, str]


def models(manifest: dict, prefixes: tuple[str, ...]) -> list[dict]:
    """Return the models whose names begin so, in the order of the prefixes and then of their names."""
    found = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    found.sort(key=lambda model: model["name"])
    return [model for prefix in prefixes for model in found if model["name"].startswith(prefix)]


def star_names(manifest: dict) -> list[str]:
    """Return the names of all tables that readers of the star may query, in alphabetical order."""
    return [model["name"] for model in models(manifest, ("",)) if model["access"] == "public"]


def tables(manifest: dict, prefixes: tuple[str, ...]) -> list[Table]:
    """Return the models whose names begin so, in the order of the prefixes and then of their names."""
    return [_table(manifest, model) for model in models(manifest, prefixes)]


def _table(manifest: dict, model: dict) -> Table:
    tests = [node for node in manifest["nodes"].values() if node.get("attached_node") == model["unique_id"]]
    targets = {
        # As it is written: ref('dim_users')
        key["column"]: key["to"].split("'")[1]
        for test in tests
        for key in test["test_metadata"]["kwargs"].get("keys", [])
    }
    return Table(
        name=model["name"],
        types={name: column["data_type"] for name, column in model["columns"].items()},
        key=_key(model),
        points_to={name: targets[name] for name in model["columns"] if name in targets},
    )


def _key(model: dict) -> tuple[str, ...]:
    """Return the primary key by the constraint of a column or the model; the fact has what it merges by."""
    for name, column in model["columns"].items():
        if any(constraint["type"] == "primary_key" for constraint in column["constraints"]):
            return (name,)
    for constraint in model["constraints"]:
        if constraint["type"] == "primary_key":
            return tuple(constraint["columns"])
    return (model["config"]["unique_key"],)
