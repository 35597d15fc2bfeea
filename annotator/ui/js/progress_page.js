// How far a project is: by state, by model, by person, and how far two people agree.

let progressNumber = 0;

function progressProject() {
  return chosenProject() ?? session.projects[0] ?? null;
}

async function loadProgress() {
  const number = ++progressNumber;
  const project = progressProject();
  const { content } = ui.progress;
  if (!project) return content.replaceChildren(make("div", "nothing-here", {}, [make("p", "nothing-title", { text: t("queue.empty") })]));
  try {
    const [answer, busy] = await Promise.all([
      call("progress", { project_id: project.id }),
      call("queue", { project_id: project.id, states: ["in progress", "rejected"], order: "uncertain", offset: 0, limit: 8 }),
    ]);
    if (number !== progressNumber) return undefined;
    content.replaceChildren(
      make("h2", "page-title", { tabindex: -1, text: t("progress.title", { project: project.name }) }),
      statesSection(answer.states), make("div", "columns", {}, [peopleSection(answer.people), modelsSection(busy)]), agreementSection(answer.agreement, project),
    );
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (number === progressNumber) content.replaceChildren(sorryPage(error.message, loadProgress));
  }
  return undefined;
}

function section(key, nodes, className = "") {
  return make("section", `block ${className}`, { "aria-label": t(key) }, [make("h3", "", { text: t(key) }), ...nodes]);
}

// One bar for all models; each piece opens the queue with its state.
function statesSection(states) {
  const all = states.reduce((sum, { models }) => sum + models, 0);
  const labelled = states.reduce((sum, one) => sum + one.labelled, 0);
  const fragments = states.reduce((sum, one) => sum + one.fragments, 0);
  const sorted = STATES.map((state) => states.find((one) => one.state === state)).filter(Boolean);
  const bar = make("div", "states-bar", { "aria-hidden": "true" });
  for (const { state, models } of sorted) {
    if (models === 0) continue;
    const piece = make("i", "", { "data-state": state, title: `${t(`state.${state}`)}: ${formatNumber(models)}` });
    piece.style.flexGrow = models;
    bar.append(piece);
  }
  const list = make("ul", "states-list", {}, sorted.map(({ state, models, labelled: done, fragments: of }) => {
    const button = make("button", "state-number", { type: "button", "data-state": state }, [
      make("b", "", { text: formatNumber(models) }), stateChip(state), make("span", "quiet", { text: t("progress.fragments", { done: formatNumber(done), all: formatNumber(of) }) }),
    ]);
    button.addEventListener("click", () => { showPage("models"); setQueueFilter({ states: [state], search: "" }); });
    return make("li", "", {}, [button]);
  }));
  const total = make("p", "", { text: t("progress.total", { models: formatNumber(all), done: formatNumber(labelled), all: formatNumber(fragments), share: Math.round(share(labelled, fragments) * 100) }) });
  return section("progress.states", [total, bar, list]);
}

function peopleSection(people) {
  if (people.length === 0) return section("progress.people", [make("p", "quiet", { text: t("progress.nobody") })]);
  const most = Math.max(...people.map(({ labels }) => labels), 1);
  const head = ["person", "labels", "models", "pace"].map((name) => make("th", name === "person" ? "" : "number", { scope: "col", text: t(`progress.${name}`), title: name === "pace" ? t("progress.pace_text") : null }));
  const rows = people.map(({ name, labels, passes, seconds_per_label: pace }) => make("tr", "", {}, [
    make("th", "", { scope: "row" }, [nameText(name)]),
    make("td", "number", {}, [meter(labels, most, "progress.labels"), make("span", "", { text: formatNumber(labels) })]),
    make("td", "number", { text: formatNumber(passes) }),
    make("td", "number", { text: pace == null ? "–" : t("progress.seconds", { n: pace.toLocaleString(language, { maximumFractionDigits: pace < 10 ? 1 : 0 }) }) }),
  ]));
  return section("progress.people", [make("table", "table people-table", {}, [make("thead", "", {}, [make("tr", "", {}, head)]), make("tbody", "", {}, rows)])]);
}

// What people are at now, model by model; the queue has them all.
function modelsSection({ entries, num }) {
  if (num === 0) return section("progress.by_model", [make("p", "quiet", { text: t("progress.none_busy") })]);
  const rows = entries.map((entry) => {
    const button = make("button", "job-row", { type: "button" }, [
      nameText(entry.name), make("span", "row-done", {}, [meter(entry.num_labelled, entry.num_art_meshes, "labelled"), make("span", "row-count", { text: `${entry.num_labelled} / ${entry.num_art_meshes}` })]),
    ]);
    button.addEventListener("click", () => showModel(entry.pass_id));
    return make("li", "", {}, [button]);
  });
  const all = textButton("progress.all_models", () => { showPage("models"); setQueueFilter({ states: [], search: "" }); }, { className: "plain" });
  return section("progress.by_model", [make("ul", "plain-list", {}, rows), all]);
}

function startProgressPage() {
  ui.progress = { content: make("div", "page-content") };
  const node = make("div", "page reading-page", { "data-page": "progress", tabindex: -1 }, [ui.progress.content]);
  word(node, "page.progress", {}, "aria-label");
  addPage({ name: "progress", node, show: loadProgress });
  const again = () => page.name === "progress" && loadProgress();
  on("project", again);
  on("language", again);
}
