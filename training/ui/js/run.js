// One run: what it is doing, its curves, checkpoints, pictures, output, job, and where its checkpoints go.

const OF_THE_MACHINE = /^(loss|rate|gradient_norm)$|seconds$|^memory/;
const PARTS_OF_CURVES = [
  ["Loss", (event, name) => event === "step" && name === "loss"],
  ["Parts of the loss", (event, name) => event === "step" && !OF_THE_MACHINE.test(name)],
  ["Held-out metrics", (event, name) => event === "evaluation" && !OF_THE_MACHINE.test(name) && !name.startsWith("prior_")],
  ["Learning rate", (event, name) => event === "step" && name === "rate"],
  ["Gradient norm", (event, name) => event === "step" && name === "gradient_norm"],
  ["Seconds per step", (event, name) => event === "step" && name.endsWith("seconds")],
  ["Memory", (event, name) => event === "step" && name.startsWith("memory")],
];

function buildRun(name) {
  const view = { name, stamp: "", charts: new Map(), details: null, keys: {} };
  view.head = make("header", "run-head");
  view.facts = make("dl", "facts");
  view.notices = make("div", "notices");
  view.curves = make("div", "charts");
  view.rest = make("div", "rest");
  view.output = make("pre", "output", { tabindex: "0", "aria-label": "Output" });
  view.outputBlock = folded("Output of the process", [view.output]);
  view.node = make("article", "run", {}, [view.head, view.notices, view.facts, view.curves, view.rest, view.outputBlock]);
  return view;
}

async function refreshRun(view) {
  const details = await call("run", { name: view.name, stamp: view.stamp });
  if (ui.view !== view) return;
  const before = view.details ?? {};
  view.details = { ...before, ...details };
  if (details.curves) drawCurves(view, details.curves);
  view.stamp = details.stamp;
  drawRun(view);
}

// Draw a part anew only where what it shows has changed: so nothing flickers, and what has the focus keeps it.
function renewed(view, part, data, draw) {
  const key = JSON.stringify(data);
  if (view.keys[part] === key) return;
  view.keys[part] = key;
  draw();
}

function drawRun(view) {
  const { run, memory, output } = view.details;
  renewed(view, "head", [run.state, run.active, run.goes_on, run.stopping, run.url], () => drawHead(view, run));
  renewed(view, "notices", [run.problem, run.state, run.other_app, run.by_hand], () => drawNotices(view, run));
  renewed(view, "facts", [run, memory], () => drawFacts(view, run, memory));
  renewed(view, "rest", [view.details.checkpoints, view.details.published, view.details.provenance, view.details.pictures, view.details.job], () => drawRest(view));
  if (view.output.textContent !== output) {
    const atEnd = view.output.scrollTop + view.output.clientHeight >= view.output.scrollHeight - 20;
    view.output.textContent = output;
    if (atEnd) view.output.scrollTop = view.output.scrollHeight;
  }
  view.outputBlock.hidden = !output;
}

function drawHead(view, run) {
  const buttons = [];
  if (run.active) {
    const queued = run.state === "queued";
    if (run.state !== "stopping") buttons.push(actButton(queued ? "Take out of the queue" : "Stop", () => stopRun(run, "gently")));
    if (!queued) buttons.push(actButton("End now", () => endNow(run), run.state === "stopping" ? "danger" : "plain"));
  }
  if (run.goes_on) buttons.push(actButton("Resume", () => resumeRun(run), "primary"));
  if (!run.active && run.state !== "damaged") buttons.push(button("Publish…", () => publishRun(view), run.state === "finished" ? "primary" : ""));
  if (run.state !== "damaged") buttons.push(button("New run from this", () => go("new", `run/${run.name}`), "plain"));
  if (run.url) buttons.push(make("a", "button plain", { href: run.url, target: "_blank", rel: "noopener noreferrer", text: "Look there" }));
  const back = button("‹ Runs", () => go("runs"), "plain back");
  view.head.replaceChildren(back, make("div", "run-title", {}, [make("h2", "", { text: run.name, title: run.name, dir: "auto" }), chip(run.state)]), make("div", "buttons", {}, buttons));
}

function drawNotices(view, run) {
  const notices = [];
  if (run.problem) notices.push(alertBox(run.problem, ["failed", "damaged"].includes(run.state) ? "bad" : "info"));
  if (run.other_app) notices.push(alertBox("It lives on from an earlier start of the app. It can be watched and stopped as usual; how its process ends will not be seen.", "info"));
  if (run.state === "queued") notices.push(alertBox("It waits until its device is free, and then begins by itself.", "info"));
  if (run.state === "stopping") notices.push(alertBox(run.stopping === "hard" ? "It is being ended." : "It ends after its current step, with a checkpoint.", "info"));
  view.notices.replaceChildren(...notices);
}

function drawFacts(view, run, memory) {
  const place = [deviceTitle(run), run.who ? `by ${run.who}` : ""].filter(Boolean).join(", ");
  const facts = [
    ["Step", run.steps ? `${run.step} of ${run.steps}` : "–"],
    run.active && run.seconds_left !== null ? ["Time left", duration(run.seconds_left)] : ["Last sign", run.changed ? ago(run.changed) : "none yet"],
    ["Loss", number(run.loss)],
    ...Object.entries(run.metrics).filter(([name]) => name !== "seconds").slice(0, 2).map(([name, value]) => [metricName(name), number(value)]),
    run.best_step !== null ? ["Best at step", String(run.best_step)] : null,
    memory.process ? ["Memory", megabytes(memory.process)] : null,
    memory.gpu_total ? ["GPU memory", `${megabytes(memory.gpu)} of ${megabytes(memory.gpu_total)}`] : null,
    ["Where", run.by_hand ? "started by hand" : place],
    ["Data", run.dataset || "–"],
  ].filter(Boolean);
  const nodes = facts.map(([name, value]) => make("div", `fact ${["Where", "Data"].includes(name) ? "two" : ""}`, {}, [make("dt", "", { text: name }), make("dd", "long", { text: value, title: value, dir: "auto" })]));
  const bar = run.steps ? [make("div", "fact wide", {}, [meter(run.step, run.steps, "Steps")])] : [];
  view.facts.replaceChildren(...bar, ...nodes);
}

function drawCurves(view, found) {
  const drawn = new Map();
  for (const [title, wanted] of PARTS_OF_CURVES) {
    const series = Object.entries(found).flatMap(([event, each]) => Object.entries(each).filter(([name]) => wanted(event, name)).map(([name, points]) => ({ name: metricName(name), points })));
    for (const group of ofOneSize(series)) {
      const key = [title, ...group.map((each) => each.name)].join("\n");
      const made = view.charts.get(key) ?? chart(title, group, { smooth: !["Learning rate", "Memory", "Held-out metrics"].includes(title) });
      drawn.set(key, { ...made, group });
    }
  }
  const nodes = [...drawn.values()].map(({ node }) => node);
  if (nodes.length !== view.curves.childElementCount || nodes.some((node, place) => view.curves.children[place] !== node)) view.curves.replaceChildren(...nodes);
  for (const { update, group } of drawn.values()) update(group); // on the page by now, so it has a width
  view.charts = drawn;
}

function drawRest(view) {
  const { checkpoints = [], published = [], provenance = [], pictures = [], job = "" } = view.details;
  const blocks = [];
  if (pictures.length) blocks.push(section("Pictures", [pictureRow(view.name, pictures)]));
  if (checkpoints.length) {
    const names = [...new Set(checkpoints.flatMap((each) => Object.keys(each.metrics)))].slice(0, 6);
    const whole = checkpoints.filter((each) => !each.problem);
    const rows = whole.map((each) => [each.name, ...names.map((name) => number(each.metrics[name]))]);
    const damaged = checkpoints.filter((each) => each.problem).map((each) => alertBox(each.problem));
    blocks.push(section("Checkpoints kept", [...damaged, ...(rows.length ? [table(["", ...names.map(metricName)], rows, { numeric: names.map((_, index) => index + 1) })] : [])]));
  }
  if (published.length) {
    const rows = published.map((each) => [button(each.id, () => go("serving", each.id), "link"), chip(each.status), number(each.step)]);
    blocks.push(section("Published", [table(["Checkpoint", "", "Step"], rows, { numeric: [2] })]));
  }
  if (provenance.length) blocks.push(folded("Where it comes from", [chain([["run", view.name], ...provenance])], "provenance"));
  if (job) blocks.push(folded("Job", [make("pre", "output", { text: job, tabindex: "0" })], "job"));
  view.rest.replaceChildren(...blocks);
}

function pictureRow(name, pictures) {
  const nodes = pictures.slice(-12).map((each) => {
    const url = `training/pictures/${encodeURIComponent(name)}/${each.split("/").map(encodeURIComponent).join("/")}`;
    const [step, file] = each.split("/");
    const text = `step ${Number(step.slice(5))}, ${file.replace(/\.\w+$/, "").replaceAll("_", " ")}`;
    return make("a", "picture", { href: url, target: "_blank", rel: "noopener" }, [make("img", "", { src: url, alt: text, loading: "lazy" }), make("span", "quiet", { text })]);
  });
  return make("div", "pictures", {}, nodes);
}

// What comes from what, as a list that reads from left to right.
function chain(links) {
  const nodes = links.map(([what, which]) => make("li", "", {}, [make("b", "long", { text: what, title: what, dir: "auto" }), make("code", "long", { text: which, title: which })]));
  return make("ol", "chain", {}, nodes);
}

function deviceTitle(run) {
  const found = (ui.overview?.devices ?? []).find((each) => each.runner === run.runner && each.name === run.device);
  return found ? `${found.place}, ${found.title}` : [run.runner, run.device].filter(Boolean).join(", ");
}

async function stopRun(run, how) {
  await trying(() => call("stop", { name: run.name, how }));
  await refreshAll();
}

function endNow(run) {
  const text = run.runner === "huggingface" ? "Hugging Face Jobs cannot be stopped gently: what was not uploaded yet is lost." : "What came after the last checkpoint is done again when the run goes on. Stop would wait for its current step and keep all.";
  openDialog(`End ${run.name} now?`, [make("p", "", { text })], "End now", () => stopRun(run, "hard"), "danger");
}

function devicePicker(runner, device) {
  const node = make("select", "field");
  for (const each of ui.overview?.devices ?? []) {
    const busy = (ui.overview?.runs ?? []).filter((run) => run.active && run.runner === each.runner && run.device === each.name && each.runner === "here").length;
    node.append(make("option", "", { value: `${each.runner} ${each.name}`, text: `${each.place}: ${each.title}${busy ? ` (busy, ${busy} before you)` : ""}` }));
  }
  const wanted = `${runner} ${device}`;
  if ([...node.options].some((each) => each.value === wanted)) node.value = wanted;
  return node;
}

function resumeRun(run) {
  const where = devicePicker(run.runner, run.device);
  openDialog(`Resume ${run.name}`, [make("p", "", { text: "It goes on from its newest checkpoint, to the same numbers as without the break." }), labelled("Where", where)], "Resume", async () => {
    const [runner, device] = where.value.split(" ");
    const done = await trying(() => call("resume", { name: run.name, runner, device }));
    await refreshAll();
    return done !== undefined;
  });
}

function publishRun(view) {
  const best = view.details.run.best_step;
  const body = [make("p", "", { text: `${best === null ? "The best checkpoint" : `The best checkpoint so far, of step ${best},`} is exported, tried in a process of its own, and becomes a candidate. Nothing is served by that.` })];
  askFor(`Publish ${view.name}`, { label: "Licence of the weights", value: ui.licence, hint: "Kept with the checkpoint, for example Apache-2.0.", body, yes: "Publish" }, async (licence) => {
    await beginWork(() => call("publish", { name: view.name, licence }));
    ui.licence = licence;
  });
}
