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
  function chart(canvas) {
    const { title, unit, labels, series } = figures[canvas.dataset.figure];
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
          x: { stacked, beginAtZero: true, grid: { color: colour("line") }, ticks: { color: colour("quiet"), maxTicksLimit: 6, callback: (value) => measured(value, unit) } },
          y: { stacked, grid: { display: false }, ticks: { color: colour("quiet"), autoSkip: false, font: { size: 10 } } },
        },
      },
    }));
  }
  const draw = () => all("canvas[data-figure]").forEach(chart);
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  // -- tables
  const PAGE = 25;
  DataTable.defaults.column.orderSequence = ["asc", "desc"];
  for (const table of all("table.data")) {
    const long = table.tBodies[0].rows.length > PAGE;
    new DataTable(table, {
      order: [], pageLength: PAGE, paging: long, info: long, searching: table.tBodies[0].rows.length > 5, autoWidth: false,
      lengthMenu: [PAGE, 100, 500], language: { search: "Search", lengthMenu: "_MENU_ rows" },
    });
  }

  // -- filters
  for (const form of all("form.filters")) {
    const list = document.getElementById(`${form.dataset.filters}list`);
    const findings = all(".finding", list).map((node) => ({ node, words: node.textContent.toLowerCase() }));
    const output = form.querySelector("output");
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
      output.textContent = `${shown.toLocaleString("en")} of ${findings.length.toLocaleString("en")} shown`;
    }
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    filter();
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
    const { width, height } = graph.graph();
    const root = svg(box, "svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    for (const id of graph.edges()) {
      const edge = graph.edge(id);
      const path = svg(root, "path", { d: `M${edge.points.map(({ x, y }) => `${x},${y}`).join("L")}`, class: edge.unindexed ? "unindexed" : "" });
      svg(path, "title", {}, `${id.v}.${edge.label} → ${id.w}`);
    }
    for (const id of graph.nodes()) {
      const { x, y, width: w, height: h, name, outside } = graph.node(id);
      const group = svg(root, "g", { transform: `translate(${x - w / 2},${y - h / 2})`, class: outside ? "outside" : "" });
      svg(group, "rect", { width: w, height: h, rx: 4 });
      svg(group, "text", { x: w / 2, y: h / 2 + 4, "text-anchor": "middle" }, name);
    }
  }
  for (const details of all("details.picture")) {
    const box = details.querySelector(".drawing");
    details.addEventListener("toggle", () => { if (details.open && !box.firstChild) picture(box); });
  }

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
  addEventListener("beforeprint", () => all("details").forEach((one) => { one.open = true; }));
})();
