"""What is sent beside pages: files with numbers, the script that draws, and what keeps others out."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import vl_convert
from flask import Response

# Vega compiles expressions, which is what 'unsafe-eval' is for.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " script-src 'self' 'unsafe-eval'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
# Of a script that is the same for as long as the dashboard runs.
KEPT = {"Cache-Control": "max-age=3600"}
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def secured(response: Response) -> Response:
    """Return the response with what a browser needs to know."""
    response.headers.update(HEADERS)
    return response


def charts_script() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one classic script, which also a page on disk may load."""
    return f"(()=>{{{vl_convert.javascript_bundle('window.vegaEmbed=vegaEmbed;')}}})();"


def csv_file(rows: Iterable[Sequence[str]], name: str) -> Response:
    """Send the rows as a CSV file, one after the other."""

    def lines() -> Iterator[str]:
        for row in rows:
            line = io.StringIO()
            csv.writer(line, lineterminator="\n").writerow(row)
            yield line.getvalue()

    file = f"{name}-{datetime.now(UTC):%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file}"'}
    return Response(lines(), mimetype="text/csv", headers=headers)
