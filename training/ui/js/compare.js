// Runs beside each other: curves over each other, last metrics, and the keys in which their jobs differ.

function buildCompare() {
  const node = make("article", "run compare", {}, [make("p", "quiet", { text: "Reading…" })]);
  return { node, names: [...ui.ticked], charts: new Map(), stamp: "" };
}

async function refreshCompare(view) {
  if (view.names.length < 2) {
    view.node.replaceChildren(make("p", "quiet none", { text: "Tick two or more runs on the left to compare them." }));
    return;
  }
  const stamp = JSON.stringify((ui.overview?.runs ?? []).filter((run) => view.names.includes(run.name)).map((run) => [run.name, run.step, run.state, run.changed]));
  if (stamp === view.stamp) return;
  const found = await call("compare", { names: view.names });
  if (ui.view !== view) return;
  view.stamp = stamp;
  drawCompare(view, found);
}

function drawCompare(view, { runs, differences }) {
  const colour = (index) => COLOURS[index % COLOURS.length];
  const names = (event) => [...new Set(runs.flatMap((run) => Object.keys(run.curves[event])))].filter((name) => name !== "seconds");
  const heads = runs.map((run, index) => {
    const dot = make("i", "dot");
    dot.style.background = colour(index);
    return make("span", "run-name", {}, [dot, longText(run.name)]);
  });
  const metrics = names("evaluation").map((name) => {
    const values = runs.map((run) => run.metrics[name]);
    return [metricName(name), ...values.map(number)];
  });
  const columns = runs.map((_, index) => index + 1);
  const charts = make("div", "charts");
  view.node.replaceChildren(
    make("header", "run-head", {}, [button("‹ Runs", () => go("runs"), "plain back"), make("div", "run-title", {}, [make("h2", "", { text: `${runs.length} runs beside each other` })])]),
    charts,
    section("Last evaluation", [table(["", ...heads.map((head) => head.cloneNode(true))], [["state", ...runs.map((run) => chip(run.state))], ["step", ...runs.map((run) => `${run.step} of ${run.steps}`)], ...metrics], { numeric: columns })]),
    differences.length
      ? section("What their jobs differ in", [table(["", ...heads], differences.map(({ key, values }) => [make("code", "", { text: key }), ...values.map((value) => longText(value))]))])
      : alertBox("Their jobs are the same, value for value.", "info"),
  );
  for (const [event, name] of [["step", "loss"], ...names("evaluation").filter((each) => !each.startsWith("prior_")).map((each) => ["evaluation", each])]) {
    const series = runs.map((run, index) => ({ name: run.name, points: run.curves[event][name] ?? [], colour: colour(index) }));
    if (!series.some((each) => each.points.length)) continue;
    const made = chart(event === "step" ? "Loss" : metricName(name), series);
    charts.append(made.node);
    made.update(series);
  }
}
