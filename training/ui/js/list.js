// The list of runs: what each is doing, a filter, and ticks for comparing.

function buildList() {
  const search = make("input", "field", { type: "search", placeholder: "Filter runs", "aria-label": "Filter runs" });
  search.addEventListener("input", () => { ui.filter = search.value.trim().toLowerCase(); drawList(); });
  ui.compareButton = button("Compare", () => go("compare"), "small");
  ui.rows = make("div", "rows", { role: "list" });
  ui.count = make("span", "quiet");
  return make("aside", "list", {}, [make("div", "list-head", {}, [search, ui.compareButton]), ui.rows, make("footer", "quiet list-foot", {}, [ui.count])]);
}

function drawList() {
  const runs = ui.overview?.runs ?? [];
  const shown = runs.filter((run) => !ui.filter || [run.name, run.state, run.objective, run.who].some((text) => text.toLowerCase().includes(ui.filter)));
  ui.ticked = new Set([...ui.ticked].filter((name) => runs.some((run) => run.name === name)));
  const before = new Map([...ui.rows.children].map((node) => [node.dataset.run, node]));
  const nodes = shown.map((run) => {
    const key = JSON.stringify([run, ui.ticked.has(run.name), ui.page === "run" && ui.chosen === run.name]);
    const old = before.get(run.name);
    return old?.dataset.key === key ? old : rowOf(run, key);
  });
  if (nodes.length !== ui.rows.children.length || nodes.some((node, index) => ui.rows.children[index] !== node)) {
    const focused = ui.rows.contains(document.activeElement) ? document.activeElement.closest("[data-run]")?.dataset.run : null;
    ui.rows.replaceChildren(...nodes);
    if (focused) nodes.find((node) => node.dataset.run === focused)?.querySelector(".row-main")?.focus({ preventScroll: true });
  }
  if (!nodes.length && ui.overview) ui.rows.replaceChildren(make("p", "quiet none", { text: runs.length ? "No run fits the filter." : "No run yet." }));
  const active = runs.filter((run) => run.active).length;
  ui.count.textContent = !ui.overview ? "" : `${runs.length} run${runs.length === 1 ? "" : "s"}${active ? `, ${active} active` : ""}`;
  ui.compareButton.disabled = ui.ticked.size < 2;
  ui.compareButton.textContent = ui.ticked.size >= 2 ? `Compare ${ui.ticked.size}` : "Compare";
  ui.compareButton.title = "Tick two or more runs";
}

function rowOf(run, key) {
  const tick = make("input", "", { type: "checkbox", "aria-label": `Compare ${run.name}` });
  tick.checked = ui.ticked.has(run.name);
  tick.addEventListener("change", () => { ui.ticked[tick.checked ? "add" : "delete"](run.name); drawList(); if (ui.page === "compare") openPage(); });
  const metric = Object.entries(run.metrics).find(([name]) => name !== "seconds");
  const facts = [
    run.steps ? `${run.step} / ${run.steps}` : "",
    run.state === "training" && run.seconds_left !== null ? `${duration(run.seconds_left)} left` : "",
    metric && !run.active ? `${metricName(metric[0])} ${number(metric[1])}` : "",
  ].filter(Boolean).join("  ·  ");
  const main = make("button", "row-main", { type: "button" }, [
    make("span", "row-top", {}, [longText(run.name, "name"), chip(run.state)]),
    run.active && run.steps ? meter(run.step, run.steps, "steps") : "",
    make("span", "row-facts quiet", {}, [make("span", "", { text: facts || run.objective }), make("span", "", { text: ago(run.at) })]),
  ]);
  main.addEventListener("click", () => go("run", run.name));
  const node = make("div", "row", { role: "listitem", "data-run": run.name, "data-key": key, "data-state": run.state }, [tick, main]);
  node.classList.toggle("chosen", ui.page === "run" && ui.chosen === run.name);
  return node;
}
