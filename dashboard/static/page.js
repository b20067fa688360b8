// Draw the charts in the page's colours, switch the theme, and tell of a newer publication.
(() => {
  const root = document.documentElement;
  const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
  const many = () => [1, 2, 3, 4, 5, 6].map((number) => colour(`series-${number}`));
  const font = getComputedStyle(document.body).fontFamily;

  const theme = () => ({
    background: "transparent",
    font,
    view: { stroke: null },
    axis: {
      labelColor: colour("ink"), titleColor: colour("quiet"), gridColor: colour("line"), domain: false,
      ticks: false, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelLimit: 260, labelPadding: 6,
    },
    axisY: { titleAngle: 0, titleAlign: "left", titleY: -10, titleX: 0 },
    legend: { labelColor: colour("ink"), titleColor: colour("quiet"), labelFontSize: 12, titleFontSize: 12,
      titleFontWeight: "normal", orient: "top", gradientLength: 160, gradientThickness: 10 },
    mark: { color: colour("accent") },
    bar: { color: colour("accent"), cornerRadiusEnd: 2 },
    line: { strokeWidth: 2 },
    point: { color: colour("accent") },
    text: { color: colour("ink"), fontSize: 12 },
    range: {
      category: many(),
      movement: [colour("quiet"), colour("series-1"), colour("series-2")],
      heatmap: [colour("heat-low"), colour("heat-high")],
      ramp: [colour("heat-low"), colour("heat-high")],
    },
  });

  const draw = async (place) => {
    const spec = JSON.parse(place.nextElementSibling.textContent);
    const { view } = await vegaEmbed(place, spec, { config: theme(), actions: false, renderer: "svg" });
    view.addEventListener("click", (_, item) => {
      if (item?.datum?.address) location.assign(item.datum.address);
    });
  };
  const drawAll = () => Promise.all([...document.querySelectorAll(".chart")].map(draw));

  document.getElementById("theme").addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* it is forgotten with the page */ }
    drawAll();
  });

  // A filter that is open closes on Escape, and when something else is clicked.
  const closeAll = (but) => document.querySelectorAll("details.filter[open]").forEach((one) => {
    if (one !== but) one.open = false;
  });
  document.addEventListener("click", (event) => closeAll(event.target.closest("details.filter")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.activeElement.closest("details.filter")?.querySelector("summary").focus();
    closeAll(null);
  });

  const look = async () => {
    const { version } = await (await fetch("/publication")).json();
    document.getElementById("newer").hidden = !version || String(version) === document.body.dataset.version;
  };
  if (document.body.dataset.version && !("export" in document.body.dataset)) {
    setInterval(() => look().catch(() => { /* the server is away: the next look tells */ }), 10000);
  }

  // What is live is asked again; what stays outside of it keeps its focus.
  const follow = async () => {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    const next = page.getElementById("live");
    if (!next) return;
    document.getElementById("live").replaceWith(next);
    await drawAll();
  };
  if (document.getElementById("live")) {
    setInterval(() => follow().catch(() => { /* the server is away: the next look tells */ }), 5000);
  }

  drawAll().then(() => { root.dataset.drawn = "true"; });
})();
