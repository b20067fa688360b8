"""Pages of the Power BI report drawn without Power BI: the project's places, the dashboard's charts.

What stands where, and under which title, is read from the project; how Power BI draws it is not known here.
"""

from dataclasses import asdict

from playwright.sync_api import Page as BrowserPage

from cli import LOCAL
from cli.data_model import read_manifest
from include.metrics import read_definitions
from powerbi.generate.project import model_of
from powerbi.generate.report import shown
from powerbi.generate.report.layout import WIDTH
from powerbi.generate.report.pages import Page

DRAW = """
({width, height, visuals}) => {
  const sheet = document.createElement("div");
  sheet.style.cssText = `position:relative;width:${width}px;height:${height}px;background:var(--ground)`;
  const values = [...document.querySelectorAll(".card .value")].map((value) => value.textContent);
  for (const {kind, title, name, labels, place} of visuals) {
    const box = document.createElement("div");
    box.style.cssText = `position:absolute;left:${place.x}px;top:${place.y}px;width:${place.width}px;` +
      `height:${place.height}px;box-sizing:border-box;padding:8px 12px;overflow:hidden;` +
      (kind === "textbox" ? "font:600 26px 'Segoe UI',sans-serif" : "background:var(--panel);font-size:13px");
    box.textContent = title;
    const inner = document.createElement("div");
    if (kind === "cardVisual") {
      inner.style.cssText = "display:flex;gap:12px;margin-top:6px";
      labels.forEach((label, number) => {
        const one = document.createElement("div");
        one.style.cssText = "flex:1;border-left:3px solid var(--accent);padding-left:8px";
        one.append(Object.assign(document.createElement("div"), {textContent: values[number]}));
        one.firstChild.style.cssText = "font:600 22px 'Segoe UI',sans-serif";
        one.append(label);
        inner.append(one);
      });
    } else if (kind === "slicer") {
      inner.style.cssText = "border:1px solid var(--line);margin-top:8px;padding:4px 8px;color:var(--quiet)";
      inner.textContent = name === "slicer day" ? "first to last day" : "All";
    } else {
      const drawn = document.querySelector(`#${name} svg`);
      if (drawn) {
        const chart = drawn.cloneNode(true);
        const [wide, high] = [drawn.width.baseVal.value, drawn.height.baseVal.value];
        chart.setAttribute("viewBox", `0 0 ${wide} ${high}`);
        // As large as it was drawn, or smaller.
        chart.setAttribute("width", Math.min(place.width - 24, wide));
        chart.setAttribute("height", place.height - 44);
        inner.append(chart);
      }
    }
    box.append(inner);
    sheet.append(box);
  }
  document.body.replaceChildren(sheet);
  document.body.style.margin = 0;
}
"""


def report_pages() -> dict[str, Page]:
    """Return the pages of the report by their names."""
    definitions = read_definitions()
    model = model_of(read_manifest(LOCAL / "dbt" / "powerbi"), definitions)
    return {page.name: page for page in shown(model, definitions)}


def draw(browser_page: BrowserPage, page: Page) -> None:
    """Replace the dashboard's page, which has the same charts, by the report's."""
    visuals = [
        {
            "kind": visual.kind,
            "title": visual.title,
            "name": visual.name,
            "labels": [field.label for field in visual.fields],
            "place": asdict(place),
        }
        for visual, place in page.visuals
    ]
    browser_page.set_viewport_size({"width": WIDTH, "height": page.height})
    browser_page.evaluate(DRAW, {"width": WIDTH, "height": page.height, "visuals": visuals})
