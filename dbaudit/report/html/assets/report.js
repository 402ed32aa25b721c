"use strict";
/* What a script adds to the page: charts, sortable tables, filters, pictures of the schema, copy buttons.
   Nothing is only here: without it every figure stands in a table. */
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  // -- charts
  const figures = read("figures");
  const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  function measured(value, unit) {
    if (value === null) return "not seen";
    if (unit !== "bytes") return `${value.toLocaleString("en", { maximumFractionDigits: 2 })} ${unit}`.trim();
    let step = 0;
    while (Math.abs(value) >= 1024 && step < UNITS.length - 1) { value /= 1024; step += 1; }
    return `${value.toLocaleString("en", { maximumFractionDigits: 1 })} ${UNITS[step]}`;
  }
  const charts = new Map();
  function step(most) { // of an axis of bytes: powers of two, about five of them
    let size = 1;
    while (size * 5 < most) size *= 2;
    return size;
  }
  function chart(canvas) {
    const { title, unit, labels, series } = figures[canvas.dataset.figure];
    const room = Math.max(12, Math.floor(canvas.parentNode.clientWidth / 13)); // of a label, in characters
    const sums = labels.map((_, n) => series.reduce((sum, one) => sum + (one.values[n] ?? 0), 0));
    const colours = ["#4c8dd6", "#e0883a", "#5aa469"];
    const stacked = unit === "bytes";
    charts.get(canvas)?.destroy();
    charts.set(canvas, new Chart(canvas, {
      type: "bar",
      data: { labels, datasets: series.map((one, n) => ({ label: one.name, data: one.values, backgroundColor: colours[n] })) },
      options: {
        indexAxis: "y", animation: false, maintainAspectRatio: false,
        color: colour("front"), borderColor: colour("line"),
        plugins: {
          title: { display: true, text: title, color: colour("front") },
          legend: { display: series.length > 1 },
          tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${measured(item.raw, unit)}` } },
        },
        scales: {
          x: { stacked, beginAtZero: true, max: unit === "%" ? 100 : undefined, grid: { color: colour("line") }, ticks: { color: colour("quiet"), maxTicksLimit: 6, stepSize: unit === "bytes" ? step(Math.max(...sums)) : undefined, callback: (value) => measured(value, unit) } },
          y: { stacked, grid: { display: false }, ticks: { color: colour("quiet"), autoSkip: false, font: { size: 10 }, callback: (_, n) => (labels[n].length > room ? `${labels[n].slice(0, room - 1)}…` : labels[n]) } },
        },
      },
    }));
  }
  const draw = () => all("canvas[data-figure]").forEach(chart);
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  // -- tables, made when they come into sight: until then the page's style shows their first rows only
  const PAGE = 25;
  DataTable.defaults.column.orderSequence = ["asc", "desc"];
  const tables = new Map();
  function made(table) {
    if (tables.has(table)) return tables.get(table);
    const long = table.tBodies[0].rows.length > PAGE;
    tables.set(table, new DataTable(table, {
      layout: table.id ? { topEnd: null } : {}, // one with a name is searched by the form above it
      order: [], pageLength: PAGE, paging: long, info: long, searching: table.tBodies[0].rows.length > 5, autoWidth: false,
      lengthMenu: [PAGE, 100, 500], language: { search: "Search", lengthMenu: "_MENU_ rows" },
    }));
    const pages = table.closest(".dt-container").querySelector("nav");
    if (pages) pages.setAttribute("aria-label", `Pages: ${table.caption.textContent}`);
    return tables.get(table);
  }
  const sight = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      sight.unobserve(target);
      made(target);
    }
  }, { rootMargin: "600px" });
  for (const table of all("table.data")) sight.observe(table);

  // -- filters
  for (const form of all("form.filters")) {
    const list = document.getElementById(`${form.dataset.filters}list`);
    const findings = all(".finding", list).map((node) => ({ node, words: node.textContent.toLowerCase() }));
    const output = form.querySelector("output");
    const further = document.getElementById(`${form.dataset.filters}further`); // findings that are only rows
    const columns = ["severity", "check", null, "app", "owner"];
    const every = findings.length + (further?.tBodies[0].rows.length ?? 0);
    const tell = (shown) => { output.textContent = `${shown.toLocaleString("en")} of ${every.toLocaleString("en")} shown`; };
    function filter() {
      const wanted = Object.fromEntries(new FormData(form));
      const words = wanted.words.toLowerCase();
      let shown = 0;
      for (const { node, words: text } of findings) {
        const fits = ["severity", "owner", "app", "check"].every((name) => !wanted[name] || node.dataset[name] === wanted[name]);
        node.hidden = !(fits && text.includes(words));
        shown += !node.hidden;
      }
      for (const box of all(".check, .owner", list)) box.hidden = !box.querySelector(".finding:not([hidden])");
      if (further) {
        const rows = made(further);
        columns.forEach((name, n) => name && rows.column(n).search(wanted[name] || "", { exact: Boolean(wanted[name]) }));
        rows.search(wanted.words).draw();
        shown += rows.rows({ search: "applied" }).count();
      }
      tell(shown);
    }
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    if ([...new FormData(form).values()].some(Boolean)) filter(); // a browser may keep them when the page is read again
    else tell(every);
  }

  // -- pictures
  const graphs = read("graphs");
  const SVG = "http://www.w3.org/2000/svg";
  function svg(parent, name, attributes, text) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return parent.appendChild(node);
  }
  function picture(box) {
    const { nodes, edges } = graphs[box.dataset.graph];
    const graph = new dagre.graphlib.Graph({ multigraph: true });
    graph.setGraph({ rankdir: "LR", nodesep: 12, ranksep: 60, marginx: 12, marginy: 12 });
    for (const [name, outside] of nodes) graph.setNode(name, { name, outside, width: 7 * name.length + 20, height: 26 });
    edges.forEach(([source, target, label, unindexed], n) => graph.setEdge(source, target, { label, unindexed }, String(n)));
    dagre.layout(graph);
    const boxes = graph.nodes().map((id) => graph.node(id));
    const lines = graph.edges().map((id) => ({ id, edge: graph.edge(id), points: way(graph, id) }));
    const places = [
      ...boxes.flatMap((one) => [{ x: one.x - one.width / 2, y: one.y - one.height / 2 }, { x: one.x + one.width / 2, y: one.y + one.height / 2 }]),
      ...lines.flatMap((one) => one.points),
    ];
    const [left, top] = ["x", "y"].map((axis) => Math.min(...places.map((one) => one[axis])) - 12);
    const [right, bottom] = ["x", "y"].map((axis) => Math.max(...places.map((one) => one[axis])) + 12);
    const [width, height] = [right - left, bottom - top].map(Math.ceil);
    const root = svg(box, "svg", { width, height, viewBox: `${left} ${top} ${width} ${height}`, "aria-hidden": "true" });
    for (const { id, edge, points } of lines) {
      const group = svg(root, "g", { class: edge.unindexed ? "unindexed" : "" });
      const loop = id.v === id.w;
      svg(group, "path", { d: loop ? around(...points) : curve(points) });
      const { x, y } = points.at(-1);
      const back = loop || x < points.at(-2).x ? 7 : -7;
      svg(group, "path", { class: "head", d: `M${x},${y}l${back},-4v8z` });
      svg(group, "title", {}, `${id.v}.${edge.label} → ${id.w}`);
    }
    for (const { x, y, width: w, height: h, name, outside } of boxes) {
      const group = svg(root, "g", { transform: `translate(${x - w / 2},${y - h / 2})`, class: outside ? "outside" : "" });
      svg(group, "rect", { width: w, height: h, rx: 4 });
      svg(group, "text", { x: w / 2, y: h / 2 + 4, "text-anchor": "middle" }, name);
    }
  }
  function way(graph, id) { // from a side of one box to a side of the other; a loop above for a table that refers to itself
    const [source, target] = [graph.node(id.v), graph.node(id.w)];
    const [out, into] = [source.width / 2, target.width / 2];
    if (id.v === id.w) return [{ x: source.x + out - 20, y: source.y - source.height / 2 }, { x: source.x + out, y: source.y }];
    const onward = source.x < target.x ? 1 : -1;
    return [
      { x: source.x + onward * out, y: source.y },
      ...graph.edge(id).points.slice(1, -1).filter(({ x }) => onward * x > onward * source.x + out && onward * x < onward * target.x - into),
      { x: target.x - onward * into, y: target.y },
    ];
  }
  function around(start, end) {
    return `M${start.x},${start.y}C${start.x},${start.y - 20} ${end.x + 36},${end.y} ${end.x},${end.y}`;
  }
  function curve(points) { // level where it leaves, passes a point and arrives
    return points.slice(1).reduce((drawn, { x, y }, n) => {
      const half = (points[n].x + x) / 2;
      return `${drawn}C${half},${points[n].y} ${half},${y} ${x},${y}`;
    }, `M${points[0].x},${points[0].y}`);
  }
  for (const details of all("details.picture")) {
    const box = details.querySelector(".drawing");
    details.addEventListener("toggle", () => { if (details.open && !box.firstChild) picture(box); });
  }

  // -- on paper everything is open, and tables are longer
  const PRINTED = 500;
  addEventListener("beforeprint", () => {
    for (const one of all("details:not([open])")) {
      one.open = true;
      one.dataset.opened = "";
      const box = one.querySelector(":scope > .drawing");
      if (box && !box.firstChild) picture(box);
    }
    for (const table of all("table.data")) made(table).page.len(PRINTED).draw();
  });
  addEventListener("afterprint", () => {
    for (const one of all("details[data-opened]")) {
      one.open = false;
      delete one.dataset.opened;
    }
    for (const table of tables.values()) table.page.len(PAGE).draw();
  });

  // -- copy buttons
  for (const figure of all("figure.code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy the ${figure.dataset.copy}`);
    button.addEventListener("click", async () => {
      const text = figure.querySelector("code").textContent;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        const field = Object.assign(document.createElement("textarea"), { value: text }); // a file:// page may have no clipboard
        document.body.append(field);
        field.select();
        document.execCommand("copy");
        field.remove();
      }
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    figure.append(button);
  }

  // -- a link to something folded opens it
  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  }
  addEventListener("hashchange", reveal);
  reveal();
})();
