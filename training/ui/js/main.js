// The page: which part of it is open, what the address says, and asking Python while somebody looks.

const ACTIVE_MILLISECONDS = 1500;
const IDLE_MILLISECONDS = 15000;
const MARK = "#training";

const ui = {
  root: element.querySelector(".liwi-training"), page: "runs", chosen: null, view: null, overview: null, filter: "", ticked: new Set(),
  unfolded: new Set(), workStates: new Map(), licence: "", seen: false, timer: 0, busy: null,
};

function buildPage() {
  if (!document.getElementById("liwi-training-css")) document.head.append(make("style", "", { id: "liwi-training-css", text: TRAINING_CSS }));
  const tab = (name, text) => {
    const node = make("button", "nav", { type: "button", text, "data-page": name });
    node.addEventListener("click", () => go(name));
    return node;
  };
  ui.nav = make("nav", "", { "aria-label": "Training" }, [tab("runs", "Runs"), tab("serving", "Serving")]);
  ui.status = make("span", "status quiet", { role: "status" });
  const fresh = button("New run", () => go("new"), "primary");
  ui.list = buildList();
  ui.main = make("main", "main");
  ui.works = make("div", "works");
  ui.toasts = make("div", "toasts", { role: "status", "aria-live": "polite" });
  ui.root.replaceChildren(make("header", "top", {}, [ui.nav, ui.status, fresh]), make("div", "columns", {}, [ui.list, ui.main]), ui.works, ui.toasts);
}

function go(page, chosen = null) {
  [ui.page, ui.chosen] = [page, chosen];
  const path = [MARK, ...(page === "runs" ? [] : [page]), ...(chosen ? [chosen] : [])].map((part, index) => (index ? part.split("/").map(encodeURIComponent).join("/") : part)).join("/");
  if (location.hash !== path) history.pushState(history.state, "", path);
  openPage();
}

function openPage() {
  const { page, chosen } = ui;
  const build = { run: () => buildRun(chosen), compare: buildCompare, new: () => buildForm(chosen), serving: () => buildServing(chosen) }[page];
  ui.view = build ? build() : { node: null };
  ui.root.dataset.page = page;
  ui.nav.querySelectorAll(".nav").forEach((node) => node.setAttribute("aria-current", String(node.dataset.page === (page === "serving" ? "serving" : "runs"))));
  ui.main.replaceChildren(ui.view.node ?? welcome());
  ui.main.scrollTop = 0;
  drawList();
  refreshAll();
}

function welcome() {
  const runs = ui.overview?.runs;
  if (!runs) return make("div", "welcome", {}, [make("p", "quiet", { text: "Reading…" })]);
  if (runs.length) return make("div", "welcome", {}, [make("p", "quiet", { text: "Choose a run on the left, or tick two to compare them." })]);
  return make("div", "welcome", {}, [
    make("h2", "", { text: "No run yet" }),
    make("p", "quiet", { text: "A job and a dataset in, a checkpoint out. The small jobs train in minutes on a processor." }),
    button("Start the first run", () => go("new"), "primary"),
    make("p", "quiet small-print", { text: `Runs are kept in ${ui.overview.folder}.` }),
  ]);
}

// Ask Python for everything that is shown now. One question at a time; one asked meanwhile is asked after it.
function refreshAll() {
  clearTimeout(ui.timer);
  if (ui.busy) {
    ui.again = true;
    return ui.busy;
  }
  ui.busy = askOnce().finally(() => {
    ui.busy = null;
    if (ui.again) {
      ui.again = false;
      refreshAll();
    } else plan();
  });
  return ui.busy;
}

async function askOnce() {
  try {
    const first = ui.overview === null;
    ui.overview = await call("overview");
    drawList();
    showWorks(ui.overview.works);
    if (ui.view && !ui.view.node && (first || !ui.overview.runs.length)) ui.main.replaceChildren(welcome());
    const refresh = { run: refreshRun, compare: refreshCompare, serving: refreshServing }[ui.page];
    if (refresh) await refresh(ui.view);
    ui.status.textContent = "";
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    ui.status.textContent = error.kind === "offline" ? error.message : "";
    if (error.kind !== "offline") ui.main.replaceChildren(make("div", "welcome", {}, [alertBox(error.message), button("Try again", openPage)]));
  }
}

// Nobody looks: nobody asks.
function plan() {
  clearTimeout(ui.timer);
  if (!ui.seen || document.hidden) return;
  const busy = ui.overview && (ui.overview.runs.some((run) => run.active) || ui.overview.works.some((work) => work.state === "working"));
  ui.timer = setTimeout(refreshAll, busy || ui.status.textContent ? ACTIVE_MILLISECONDS : IDLE_MILLISECONDS);
}

function readAddress() {
  const [mark, page = "runs", ...rest] = location.hash.split("/");
  if (mark !== MARK) return false;
  ui.page = ["runs", "run", "compare", "new", "serving"].includes(page) ? page : "runs";
  try {
    ui.chosen = rest.map(decodeURIComponent).join("/") || null;
  } catch {
    ui.chosen = null;
  }
  return true;
}

buildPage();
readAddress();
openPage();
new IntersectionObserver((entries) => {
  const was = ui.seen;
  ui.seen = entries.at(-1).isIntersecting;
  if (ui.seen && !was) refreshAll();
  else plan();
}).observe(ui.root);
document.addEventListener("visibilitychange", () => (document.hidden ? plan() : refreshAll()));
const follow = () => { if (readAddress()) openPage(); };
window.addEventListener("popstate", follow);
window.addEventListener("hashchange", follow);
ui.root.__training = { ui, go, refreshAll };
