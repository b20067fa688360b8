"""Identifiers that are the same in every generation: two projects differ by their content only."""

import hashlib
import uuid

NAMESPACE = uuid.UUID("4b5c3f60-5c0e-4f0a-9f6b-2f3f5f0d9a18")


def guid(*parts: str) -> str:
    """Return the UUID (version 5) of an object, by its kind and names."""
    return str(uuid.uuid5(NAMESPACE, "/".join(parts)))


def hex_id(*parts: str) -> str:
    """Return 20 hexadecimal digits, the form in which Power BI Desktop names pages and visuals."""
    return hashlib.sha1("/".join(parts).encode(), usedforsecurity=False).hexdigest()[:20]
