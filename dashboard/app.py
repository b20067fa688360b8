"""The pages' addresses: each takes the state once, so that what it shows is of one publication."""

from collections.abc import Iterator

from flask import Flask, Response, abort, jsonify, redirect, render_template, request

from dashboard import sessions, why
from dashboard.figures import figure_of
from dashboard.links import Links, query
from dashboard.live import NOBODY, live_view
from dashboard.pages import BY_NAME, PAGES, Page
from dashboard.publications import Publications, State
from dashboard.responses import KEPT, charts_script, csv_file, secured
from dashboard.selection import Selection, read_selection
from dashboard.source import NotReadableError
from dashboard.specs import waterfall
from dashboard.views import page_view, shell_of
from include.errors import MetricError


def create_app(publications: Publications, links: Links | None = None) -> Flask:
    """Return the application. `links` are those of an export, None for those of a server."""
    app, links = Flask(__name__), links or Links()
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["links"] = links
    app.jinja_env.filters["query"] = query
    pages, charts = Addresses(publications, links), charts_script()
    for address, view in {
        "/": lambda: redirect(links.page(PAGES[0].name, None)),
        "/<name>": pages.page,
        "/<name>/<chart>.csv": pages.chart_csv,
        "/sessions": pages.sessions,
        "/sessions.csv": pages.sessions_csv,
        "/why/<metric>": pages.why,
        "/live": pages.live,
        "/publication": pages.publication,
        "/health": lambda: "ok\n",
        "/static/charts.js": lambda: Response(charts, mimetype="text/javascript", headers=KEPT),
    }.items():
        app.add_url_rule(address, endpoint=address, view_func=view)
    app.register_error_handler(MetricError, lambda error: pages.refused(str(error), 400))
    app.register_error_handler(404, lambda _: pages.refused(f"There is no page {request.path}.", 404))
    app.after_request(secured)
    return app


class Addresses:
    """What is answered at each address."""

    def __init__(self, publications: Publications, links: Links) -> None:
        self._publications, self._links = publications, links

    def page(self, name: str) -> str:
        """Return a page with cards and charts."""
        page = _page_of(name)
        state, selection = self._taken()
        return render_template("page.html", **page_view(state, page, selection, self._links))

    def chart_csv(self, name: str, chart: str) -> Response:
        """Return the numbers of a chart as a file."""
        wanted = next((one for one in _page_of(name).charts if one.name == chart), None)
        if wanted is None:
            abort(404)
        state, selection = self._taken()
        figure = figure_of(state.star, wanted, selection)
        header = figure.headers(state.star.definitions)
        return csv_file([header, *(row.cells for row in figure.rows)], f"{name}-{chart}")

    def sessions(self) -> str:
        """Return a page of the sessions that are behind a number."""
        state, selection = self._taken()
        listed = sessions.list_sessions(state.star, selection, request.args.get("page", "1"))
        headers = sessions.headers(state.star.definitions)
        return render_template("sessions.html", **shell_of(state, selection), listed=listed, headers=headers)

    def sessions_csv(self) -> Response:
        """Return all of these sessions as a file."""
        state, selection = self._taken()

        def rows() -> Iterator[list[str]]:
            yield sessions.headers(state.star.definitions)
            yield from sessions.all_sessions(state.star, selection)

        return csv_file(rows(), "sessions")

    def why(self, metric: str) -> str:
        """Return why a metric moved, on a day or in a week."""
        state, selection = self._taken()
        grain = "day" if request.args.get("day_of") else "week"
        text = request.args.get("day_of") or request.args.get("week") or ""
        period = why.period_of(grain, text, min(selection.last, state.star.days()[1]))
        answer = why.answer_of(state, metric, period, request.args.get("by", ""))
        view = shell_of(state, selection) | {"answer": answer, "why": why, "metric": metric}
        return render_template("why.html", **view, spec=waterfall(answer.steps))

    def live(self) -> str | tuple[str, int]:
        """Return who watches now, as the warehouse has it at this moment."""
        try:
            found = self._publications.live()
        except NotReadableError as error:
            return self.refused(str(error), 503)
        if found is None:
            return self.refused(NOBODY, 404)
        return render_template("live.html", **shell_of(self._publications.state, None), **live_view(found))

    def publication(self) -> Response:
        """Return which publication pages show now: those that are open ask for it."""
        state = self._publications.state
        as_of = state.health and state.health.as_of and state.health.as_of.isoformat()
        return jsonify(version=state.star and state.star.version, as_of=as_of, problem=state.problem)

    def refused(self, problem: str, code: int) -> tuple[str, int]:
        """Return a page that says what cannot be shown."""
        view = shell_of(self._publications.state, None) | {"problem": problem}
        return render_template("message.html", **view), code

    def _taken(self) -> tuple[State, Selection]:
        """Return the state and what the address asks for; answer with a sentence where there is no star."""
        state = self._publications.state
        extent = state.star.days() if state.star else None
        if extent is None:
            abort(Response(render_template("message.html", **shell_of(state, None)), 503))
        arguments = request.args.to_dict(flat=False)
        return state, read_selection(state.star.definitions, arguments, extent)


def _page_of(name: str) -> Page:
    if name not in BY_NAME:
        abort(404)
    return BY_NAME[name]
