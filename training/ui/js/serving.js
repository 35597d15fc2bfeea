// What serves, what could, and what was done: promoting with a reason and numbers side by side, rolling back, retiring.

function buildServing(marked) {
  return { node: make("article", "run serving", {}, [make("p", "quiet", { text: "Reading…" })]), key: "", marked };
}

async function refreshServing(view) {
  const found = await call("registry");
  if (ui.view !== view) return;
  const key = JSON.stringify(found);
  if (key === view.key) return;
  view.key = key;
  const acts = found.acts.map((act) => [new Date(act.at).toLocaleString(), act.act, longText(act.checkpoint ?? `nothing (${act.kind})`), act.who, make("span", "reason", { text: act.reason, dir: "auto" })]);
  view.node.replaceChildren(
    make("header", "run-head", {}, [make("div", "run-title", {}, [make("h2", "", { text: "What serves" })])]),
    ...found.damaged.map((each) => alertBox(`${each.checkpoint}: ${each.problem} Publish it again from its run.`)),
    ...found.kinds.map((kind) => kindBlock(view, kind)),
    folded("What was done", [acts.length ? table(["When", "Act", "Checkpoint", "Who", "Reason"], acts) : make("p", "quiet", { text: "Nothing yet." })], "acts"),
  );
  view.node.querySelector(".marked")?.scrollIntoView({ block: "center" });
}

function kindBlock(view, kind) {
  const served = kind.records.find((record) => record.id === kind.served);
  const buttons = kind.promoted_here ? [button("Roll back…", () => rollBack(kind))] : [];
  const others = kind.records.filter((record) => record.id !== kind.served);
  return make("section", "block kind", {}, [
    make("header", "kind-head", {}, [make("div", "", {}, [make("h3", "", { text: kind.kind }), make("p", "quiet", { text: kind.description })]), make("div", "buttons", {}, buttons)]),
    kind.problem ? alertBox(`${kind.problem} What could be loaded last answers instead.`) : "",
    served ? recordCard(view, served, kind) : make("p", "quiet", { text: kind.served ? `${kind.served} serves; its record cannot be read.` : "Nothing serves; the engine does without." }),
    ...others.map((record) => recordCard(view, record, kind)),
  ]);
}

function recordCard(view, record, kind) {
  const buttons = [];
  if (record.status !== "served") {
    buttons.push(button("Promote…", () => promote(record, kind), record.status === "candidate" ? "primary" : ""));
    buttons.push(button("Retire…", () => retire(record), "plain"));
  }
  const metrics = Object.entries(record.metrics).filter(([, [, own]]) => own !== null).slice(0, 5)
    .map(([name, [, own]]) => make("span", "", {}, [make("span", "quiet", { text: `${metricName(name)} ` }), make("b", "", { text: number(own) })]));
  const from = [`run ${record.run}`, new Date(record.created).toLocaleString(), record.licence || "licence not stated"].join("  ·  ");
  const node = make("div", "record", { "data-checkpoint": record.id, "data-state": record.status }, [
    make("div", "record-top", {}, [longText(record.id, "name"), chip(record.status), ...(record.ships ? [make("span", "quiet", { text: "ships with the app" })] : []), make("span", "buttons", {}, buttons)]),
    make("p", "quiet long", { text: from, title: from, dir: "auto" }),
    make("p", "record-metrics", {}, metrics),
    folded("Where it comes from", [chain(record.provenance), ...(record.recorded ? [make("p", "recorded", { text: `✓ ${record.recorded}`, dir: "auto" })] : [])], `from ${record.id}`),
  ]);
  node.classList.toggle("marked", view.marked === record.id);
  return node;
}

function comparison(record) {
  const rows = Object.entries(record.metrics).map(([name, [before, after]]) => [
    metricName(name), number(before), number(after), before === null || after === null ? "" : `${after >= before ? "+" : "−"}${number(Math.abs(after - before))}`,
  ]);
  return table(["", "serves now", "this one", ""], rows, { numeric: [1, 2, 3] });
}

function promote(record, kind) {
  const body = [
    kind.served ? comparison(record) : make("p", "", { text: "Nothing serves now, so there is nothing to compare with." }),
    ...(kind.served && !record.same_data ? [alertBox("The two were trained on different exports: the numbers may be of different held-out parts.", "info")] : []),
  ];
  askFor(`Let ${record.id} serve?`, { label: "Reason", hint: "Stays in the log, with the numbers above.", body, yes: "Promote" }, (reason) =>
    beginWork(() => call("promote", { checkpoint: record.id, reason, seen: kind.served ?? "" })));
}

function rollBack(kind) {
  const body = [make("p", "", { text: `${kind.before ?? "Nothing"} would serve again instead of ${kind.served ?? "nothing"}.` })];
  askFor(`Roll back ${kind.kind}?`, { label: "Reason", body, yes: "Roll back", kind: "danger" }, async (reason) => {
    const { checkpoint } = await call("rollback", { kind: kind.kind, reason, seen: kind.served ?? "" });
    say(`${checkpoint ?? "Nothing"} serves again.`);
    await refreshAll();
  });
}

function retire(record) {
  const body = [make("p", "", { text: "It is never served again, also by no rollback. Its files stay." })];
  askFor(`Retire ${record.id}?`, { label: "Reason", body, yes: "Retire", kind: "danger" }, async (reason) => {
    await call("retire", { checkpoint: record.id, reason });
    await refreshAll();
  });
}
