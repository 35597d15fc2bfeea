// Bringing models in: drop them anywhere on the workbench, choose them, or let the program draw some. What fails can be sent again.

const MOST_SYNTHETIC = 50;

function importProject() {
  return chosenProject()?.name ?? (session.projects.length === 1 ? session.projects[0].name : recall("import-project", "default"));
}

// A box with the projects there are; the one at work in is chosen.
function projectBox() {
  const names = session.projects.map(({ name }) => name);
  const box = selectBox("project", names.map((name) => [name, name]), () => {});
  box.value = names.includes(importProject()) ? importProject() : names[0] ?? "";
  return box;
}

function startImporting() {
  const veil = make("div", "drop-veil", {}, [make("div", "drop-card", {}, [icon("upload"), word(make("b", ""), "drop.title"), word(make("span", ""), "drop.text")])]);
  veil.hidden = true;
  ui.root.append(veil);
  window.addEventListener("beforeunload", askBeforeLeaving);
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0;
  const over = (event) => {
    if (!carriesFiles(event) || !session.may.annotate) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    veil.hidden = false;
  };
  ui.root.addEventListener("dragenter", (event) => { if (carriesFiles(event)) depth += 1; over(event); });
  ui.root.addEventListener("dragover", over);
  ui.root.addEventListener("dragleave", () => { depth = Math.max(0, depth - 1); if (depth === 0) veil.hidden = true; });
  ui.root.addEventListener("drop", (event) => {
    depth = 0;
    veil.hidden = true;
    if (!carriesFiles(event)) return;
    event.preventDefault(); // else the browser opens the file and the page is gone
    if (!session.may.annotate) return void say(t("import.not_allowed"), { kind: "bad" });
    droppedFiles(event.dataTransfer).then(importFiles);
  });
}

async function chooseFiles({ folder }) {
  const files = await chosenFiles({ folder });
  if (files.length) await importFiles(files);
}

// The dialog with every way to import.
function openImport() {
  const project = make("input", "field", { value: importProject(), maxlength: 200, list: "liwi-projects" });
  const known = make("datalist", "", { id: "liwi-projects" }, session.projects.map(({ name }) => make("option", "", { value: name })));
  const count = make("input", "field count", { type: "number", min: 1, max: MOST_SYNTHETIC, value: 4 });
  word(count, "import.count", {}, "aria-label");
  const chosen = () => { remember("import-project", project.value.trim() || "default"); return project.value.trim() || "default"; };
  const choose = (folder) => async () => {
    const name = chosen();
    const files = await chosenFiles({ folder });
    dialog.close();
    if (files.length) await importFiles(files, { project: name });
  };
  const drop = make("div", "drop-here", {}, [icon("upload"), word(make("p", ""), "import.drop"), make("div", "line", {}, [
    textButton("import.folder", choose(true), { className: "primary" }), textButton("import.files", choose(false)),
  ]), word(make("p", "quiet"), "import.formats")]);
  const synthetic = make("div", "line", {}, [
    word(make("span", ""), "import.synthetic_text"), count,
    textButton("import.synthetic", () => { const name = chosen(); dialog.close(); makeSynthetic(clamp(Math.round(Number(count.value)) || 1, 1, MOST_SYNTHETIC), name); }, { symbol: "wand" }),
  ]);
  const dialog = openDialog({
    title: "import", className: "import",
    body: [make("label", "labelled", {}, [word(make("span", ""), "import.project"), project, known]), drop, synthetic],
  });
  dialog.addEventListener("dragover", (event) => event.preventDefault());
  dialog.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    const name = chosen();
    droppedFiles(event.dataTransfer).then((files) => { dialog.close(); return importFiles(files, { project: name }); });
  });
}

// Send what was dropped or chosen, batch by batch. `result` collects what became of every model.
async function importFiles(files, { project = importProject() } = {}) {
  const sorted = sortFiles(files, { mostBytes: session.maxUploadMb * 1e6 });
  const result = { imported: [], duplicates: [], num_labels: 0, problems: sorted.problems };
  if (sorted.models.length === 0 && sorted.labels.length === 1 && modelIsShown()) return importLabels(sorted.labels[0]);
  if (sorted.models.length === 0) {
    if (sorted.problems.length === 0) result.problems.push({ file: files[0]?.path ?? "", message: t(sorted.labels.length ? "import.only_labels" : "import.no_model") });
    return finishImport(jobCard(t("job.import")), { state: "done", result });
  }
  const todo = batches(sorted.models, sorted.labels);
  const names = sorted.models.map(({ name }) => name);
  const title = t("import.title", { n: names.length, names: names.slice(0, 3).join(", "), project });
  await importBatches(title, project, todo, result);
  return undefined;
}

// Characters that the program draws: something to try the workbench on.
async function makeSynthetic(count, project = importProject()) {
  const started = await trying(() => call("import_start", { project, kind: "synthetic", count }));
  if (!started) return;
  const card = showJob(started.job, t("import.synthetic_some", { n: count }), finishImport);
  card.progress(t("import.starting"), 0, count);
}

// What became of the models: new ones to open, ones that were there, ones that failed and why.
async function finishImport(card, { state, message, result, cancelled = false }, again = null) {
  const nodes = [];
  const { imported = [], duplicates = [], problems = [], num_labels = 0 } = result ?? {};
  const row = (passId, name, text) => {
    const node = make("button", "job-row", { type: "button" }, [nameText(name ?? ""), make("span", "quiet", { text })]);
    node.disabled = passId == null;
    node.addEventListener("click", () => showModel(passId));
    return node;
  };
  nodes.push(...imported.map(({ pass_id, name }) => row(pass_id, name, t("import.new"))));
  nodes.push(...duplicates.map(({ pass_id, file, name }) => row(pass_id, name ?? file, t("import.there"))));
  nodes.push(...problems.map(({ file, message: reason }) => make("div", "job-row bad", {}, [nameText(file), make("span", "reason", { text: reason, dir: "auto" })])));
  if (again) nodes.push(textButton("import.again", () => { card.node.remove(); card.onClose(); again(); }, { symbol: "retry" }));
  const summary = [
    imported.length ? t("import.n_new", { n: imported.length }) : null, duplicates.length ? t("import.n_there", { n: duplicates.length }) : null,
    num_labels ? t("import.n_labels", { n: num_labels }) : null, problems.length ? t("import.n_problems", { n: problems.length }) : null,
  ].filter(Boolean);
  const failed = state === "failed" || (problems.length > 0 && imported.length + duplicates.length === 0);
  const lead = state === "failed" ? message : cancelled ? t("import.cancelled") : null;
  card.finish(failed ? "failed" : problems.length ? "partly" : "done", [lead, ...summary].filter(Boolean).join(" · ") || t("import.nothing"), nodes);
  if (!failed && !problems.length && !again) card.leave(20);
  await trying(loadSession);
  await loadQueue({ quiet: true });
}
