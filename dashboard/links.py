"""Addresses between pages: of a server they carry the selection, of an export they are names of files."""

from urllib.parse import urlencode

from dashboard.selection import Selection


class Links:
    """The addresses of a server."""

    is_export = False

    def page(self, name: str, selection: Selection | None) -> str | None:
        """Return the address of a page."""
        return _with_query(f"/{name}", selection)

    def csv(self, page: str, chart: str, selection: Selection) -> str | None:
        """Return the address of a chart's numbers as a file."""
        return _with_query(f"/{page}/{chart}.csv", selection)

    def sessions(self, selection: Selection | None, page: int = 1, suffix: str = "") -> str | None:
        """Return the address of the sessions that a selection leaves."""
        more = {"page": page} if page > 1 else {}
        return _with_query(f"/sessions{suffix}", selection, **more) if selection else None

    def why(self, metric: str, selection: Selection, **arguments: str) -> str | None:
        """Return the address of a metric's explanation."""
        return _with_query(f"/why/{metric}", selection, **arguments)

    def static(self, name: str) -> str:
        """Return the address of a file that no page is."""
        return f"/static/{name}"


def query(selection: Selection, *, chosen: bool = True) -> str:
    """Return the selection as the query of an address, on demand without what is chosen."""
    arguments = selection.arguments()
    return urlencode(arguments if chosen else {name: arguments[name] for name in ("from", "to")}, doseq=True)


def _with_query(address: str, selection: Selection | None, **more: object) -> str:
    arguments = (selection.arguments() if selection else {}) | more
    return f"{address}?{urlencode(arguments, doseq=True)}" if arguments else address
