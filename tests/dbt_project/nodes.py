"""What a node of dbt's manifest is, holds and calls."""

from typing import Any

Node = dict[str, Any]


def layer(node: Node) -> str:
    return node["fqn"][1]


def held_keys(model: Node) -> list[set[str]]:
    """Return each set of columns that PostgreSQL holds to be unique in a model."""
    held = ("primary_key", "unique")
    single = [
        {column["name"]}
        for column in model["columns"].values()
        for constraint in column["constraints"]
        if constraint["type"] in held
    ]
    combined = [set(c["columns"]) for c in model["constraints"] if c["type"] in held]
    indexes = model["config"].get("indexes") or []
    return single + combined + [set(index["columns"]) for index in indexes if index.get("unique")]


def never_null(model: Node) -> set[str]:
    """Return the columns that PostgreSQL holds to be never null."""
    return {
        column["name"]
        for column in model["columns"].values()
        if {"not_null", "primary_key"} & {constraint["type"] for constraint in column["constraints"]}
    }


def is_dimension(model: Node) -> bool:
    return model["name"].startswith("dim_")


def has_statistics(model: Node) -> bool:
    """Whether the table gets its statistics after it is built."""
    hooks = [(hook["sql"], hook["transaction"]) for hook in model["config"]["post-hook"]]
    return ("{{ refresh_statistics() }}", False) in hooks
