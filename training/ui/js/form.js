// A new run: a job to begin with, other values where wanted, a dataset, a place. Python checks; the key that is wrong is marked.

const CHECK_MILLISECONDS = 350;

function buildForm(source) {
  const view = { source, rows: new Map(), choices: null };
  view.node = make("article", "run form", {}, [make("p", "quiet", { text: "Reading…" })]);
  view.ready = trying(() => fillForm(view));
  return view;
}

async function fillForm(view) {
  view.choices = await call("choices");
  if (!view.choices.jobs.includes(view.source)) view.source = view.choices.jobs.find((id) => id.endsWith("_tiny")) ?? view.choices.jobs[0];
  if (!view.source) {
    view.node.replaceChildren(alertBox("There is no job to begin with. Put a TOML file into training/jobs."));
    return;
  }
  const from = make("select", "field");
  const groups = { project: "The project's", saved: "Saved", run: "Of runs" };
  for (const [kind, title] of Object.entries(groups)) {
    const ids = view.choices.jobs.filter((id) => id.startsWith(`${kind}/`));
    if (ids.length) from.append(make("optgroup", "", { label: title }, ids.map((id) => make("option", "", { value: id, text: id.slice(kind.length + 1) }))));
  }
  from.value = view.source;
  from.addEventListener("change", () => { view.source = from.value; trying(() => fillRows(view)); });
  view.name = make("input", "field", { type: "text", maxlength: 120, spellcheck: "false" });
  view.where = devicePicker("here", "cpu");
  view.tables = make("div", "tables");
  view.problem = make("div", "notices");
  view.launch = actButton("Launch", () => launchForm(view), "primary");
  const save = button("Save job as…", () => saveForm(view));
  view.node.replaceChildren(
    make("header", "run-head", {}, [button("‹ Runs", () => go("runs"), "plain back"), make("div", "run-title", {}, [make("h2", "", { text: "New run" })])]),
    make("div", "form-top", {}, [labelled("Begin with", from), labelled("Name of the run", view.name), labelled("Where", view.where)]),
    view.tables, make("div", "form-foot", {}, [view.problem, make("div", "", {}, [view.launch, save, make("span", "quiet", { text: "Changed values are marked." })])]),
  );
  await fillRows(view);
}

async function fillRows(view) {
  let found;
  view.launch.disabled = true;
  view.tables.replaceChildren(make("p", "quiet", { text: "Reading…" }));
  try {
    found = await call("form", { name: view.source });
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    view.tables.replaceChildren();
    view.problem.replaceChildren(alertBox(error.message));
    return;
  }
  view.launch.disabled = false;
  view.problem.replaceChildren();
  view.name.value = found.name;
  view.rows.clear();
  const tables = new Map();
  for (const row of found.rows) {
    if (!tables.has(row.table)) tables.set(row.table, []);
    tables.get(row.table).push(formRow(view, row));
  }
  const folds = new Set(["memory", "record", "checkpoints"]);
  view.tables.replaceChildren(...[...tables].map(([name, rows]) => {
    const grid = make("div", "values", {}, rows);
    if (["model", "data"].includes(name)) grid.append(furtherKey(view, name, grid));
    const node = make("details", "block", {}, [make("summary", "", { text: name || "job" }), grid]);
    node.open = !folds.has(name);
    return node;
  }));
}

function formRow(view, { key, value, meaning, range, default: usual }) {
  const field = make("input", "field", { type: "text", value, spellcheck: "false", autocomplete: "off", "aria-label": key });
  if (key === "dataset") field.setAttribute("list", "training-datasets");
  const back = iconButton("undo", `Back to ${value || "nothing"}`, "", () => { field.value = value; changed(); }, "back-to");
  const note = make("span", "meaning quiet", { text: meaning });
  const limits = [range, usual === "" || usual === undefined ? "" : `default ${usual}`].filter(Boolean).join(" · ");
  if (limits) note.append(" ", make("span", "limits", { text: limits }));
  const node = make("div", "value", { "data-key": key }, [make("code", "", { text: key.split(".").at(-1), title: key }), field, back, note]);
  const changed = () => {
    node.classList.toggle("changed", field.value !== value);
    node.classList.remove("wrong");
    clearTimeout(view.checking);
    view.checking = setTimeout(() => checkForm(view), CHECK_MILLISECONDS);
  };
  field.addEventListener("input", changed);
  view.rows.set(key, { node, field, value });
  if (key === "dataset") node.append(datasetList(view, field, changed));
  return node;
}

// The datasets that lie here: as proposals of the field, and as a list that says what each is.
function datasetList(view, field, changed) {
  const { datasets, datasets_folder: folder } = view.choices;
  const list = make("datalist", "", { id: "training-datasets" }, datasets.map((each) => make("option", "", { value: each.path, label: each.kind })));
  if (!datasets.length) return make("div", "datasets quiet", {}, [list, make("span", "", { text: `No dataset folder lies below ${folder} (LIWI_DATASETS).` })]);
  const nodes = datasets.slice(0, 100).map((each) => {
    const kind = each.kind === "labels" ? "labels of the workbench; make samples of them first: python -m data_tools live2d samples" : each.kind.replace(/^liwi-/, "");
    const node = make("button", "dataset", { type: "button", title: each.path }, [
      longText(each.path, "name"), make("span", "quiet", { text: kind }), each.recorded ? make("span", "recorded", { text: `✓ ${each.recorded}`, title: each.labels, dir: "auto" }) : "",
    ]);
    node.addEventListener("click", () => { field.value = each.path; changed(); });
    return node;
  });
  return make("div", "datasets", {}, [list, ...nodes]);
}

function furtherKey(view, name, grid) {
  const add = button(`Another key in [${name}]`, () => {
    askFor(`Another key in [${name}]`, { label: "Key", yes: "Add" }, async (key) => {
      if (!/^\w+$/.test(key)) throw new CallError("input", "A key is one word: letters, digits and _.");
      const whole = `${name}.${key}`;
      if (!view.rows.has(whole)) grid.insertBefore(formRow(view, { key: whole, value: "", meaning: "" }), add);
      view.rows.get(whole).field.focus();
    });
  }, "plain small");
  return add;
}

function changesOf(view) {
  return Object.fromEntries([...view.rows].filter(([, { field, value }]) => field.value !== value).map(([key, { field }]) => [key, field.value]));
}

// What Python says of the form as it stands; true where it is fine.
async function checkedForm(view, act) {
  view.problem.replaceChildren();
  view.rows.forEach(({ node }) => node.classList.remove("wrong"));
  try {
    await act();
    return true;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    view.problem.replaceChildren(alertBox(error.message));
    const wrong = view.rows.get(error.data.key) ?? [...view.rows].find(([key]) => error.data.key && key.startsWith(`${error.data.key}.`))?.[1];
    if (wrong) {
      wrong.node.classList.add("wrong");
      wrong.node.closest("details").open = true;
      wrong.node.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
    return false;
  }
}

function checkForm(view) {
  return checkedForm(view, async () => {
    const { problem, key } = await call("check", { source: view.source, changes: changesOf(view) });
    if (problem) throw new CallError("input", problem, { key });
  });
}

async function launchForm(view) {
  const [runner, device] = view.where.value.split(" ");
  const said = view.launch.textContent;
  view.launch.textContent = "Checking…";
  let launched;
  const fine = await checkedForm(view, async () => {
    launched = await call("launch", { source: view.source, changes: changesOf(view), name: view.name.value, runner, device });
  });
  view.launch.textContent = said;
  if (!fine) {
    view.node.querySelector(".wrong .field")?.focus();
    return;
  }
  await refreshAll();
  go("run", launched.name);
}

function saveForm(view) {
  askFor("Save this job", { label: "Name", value: view.name.value, hint: "It can be chosen under Begin with, by every admin.", yes: "Save" }, async (name) => {
    const saved = await call("save_job", { source: view.source, changes: changesOf(view), name });
    view.source = saved.id;
    await fillForm(view);
    say(`Saved as ${saved.id.slice(6)}.`);
  });
}
