"""Values of formats as PBIR writes them. Format: schema semanticQuery 1.4.0."""


def literal(value: str | bool | float) -> dict:
    """Return a constant: a text in quotes, a number with the letter of its type."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = "'" + value.replace("'", "''") + "'"
    else:
        text = f"{value}D"
    return {"expr": {"Literal": {"Value": text}}}


def colour(value: str) -> dict:
    """Return a colour, `#RRGGBB`."""
    return {"solid": {"color": literal(value)}}


def of_all(**properties: object) -> list[dict]:
    """Return properties of an object of a visual, for all of it."""
    return [{"properties": properties}]
