// The queue: what is to be done, what comes first, who is at it. One page of rows at a time comes from Python.

const STATES = ["new", "in progress", "rejected", "submitted", "accepted"];
const TO_DO = ["new", "in progress", "rejected"];
const ROWS_PER_PAGE = 50;
const QUEUE_SECONDS = 20;

const queue = { entries: [], num: 0, counts: {}, offset: 0, at: 0, error: null, loaded: false, text: "" };
const queueFilter = { states: [], search: "", order: "uncertain", ...recall("queue", {}) };
let queueNumber = 0;

function queueRequest(changes = {}) {
  return {
    project_id: projectId, states: queueFilter.states.length ? queueFilter.states : STATES, order: queueFilter.order,
    search: queueFilter.search.trim(), offset: queue.offset, limit: ROWS_PER_PAGE, ...changes,
  };
}

// Read the rows again. `quiet`: the old ones stay where nothing can be reached.
async function loadQueue({ quiet = false } = {}) {
  const number = ++queueNumber;
  ui.queue.list.setAttribute("aria-busy", "true");
  try {
    const answer = await call("queue", queueRequest());
    if (number !== queueNumber) return; // another reading is under way
    if (!takeQueue(answer) && quiet) return; // nothing new: nothing on the page moves
    if (queue.offset > 0 && queue.offset >= queue.num) return void turnQueue(0);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (number !== queueNumber || (quiet && queue.loaded)) return;
    queue.error = error.message;
  } finally {
    if (number === queueNumber) ui.queue.list.removeAttribute("aria-busy");
  }
  drawQueue();
}

// Whether it is something new. What others do moves the rows, not the choice.
function takeQueue(answer) {
  const text = JSON.stringify(answer);
  if (queue.loaded && text === queue.text && queue.error === null) return false;
  const chosen = queue.entries[queue.at]?.pass_id;
  Object.assign(queue, { text, entries: answer.entries, num: answer.num, counts: answer.counts ?? {}, error: null, loaded: true });
  const at = queue.entries.findIndex((entry) => entry.pass_id === chosen);
  if (at >= 0) queue.at = at;
  return true;
}

function setQueueFilter(changes) {
  Object.assign(queueFilter, changes);
  remember("queue", queueFilter);
  drawChips();
  return turnQueue(0);
}

async function turnQueue(offset, { at = 0 } = {}) {
  queue.offset = clamp(offset, 0, Math.max(0, Math.floor((queue.num - 1) / ROWS_PER_PAGE) * ROWS_PER_PAGE));
  await loadQueue();
  queue.at = at < 0 ? Math.max(0, queue.entries.length - 1) : at;
  ui.queue.list.scrollTop = 0;
  markRow();
}

// Up and down by key, over the borders of the pages.
function stepRow(step) {
  const at = Number.isFinite(step) ? queue.at + step : step < 0 ? 0 : queue.entries.length - 1;
  if (at < 0) return queue.offset > 0 ? turnQueue(queue.offset - ROWS_PER_PAGE, { at: -1 }) : undefined;
  if (at >= queue.entries.length) return queue.offset + ROWS_PER_PAGE < queue.num ? turnQueue(queue.offset + ROWS_PER_PAGE) : undefined;
  queue.at = at;
  return markRow();
}

// The free model that the machine is least sure of, which needs work and may be taken by this person.
async function nextToDo() {
  const answer = await trying(() => call("queue", queueRequest({ states: TO_DO, order: "uncertain", search: "", offset: 0, limit: 100 })));
  if (!answer) return;
  const free = ({ holder, can_claim, pass_id }) => can_claim !== false && (holder === null || holder === session.user) && pass_id !== model.passId;
  const entry = answer.entries.find(free);
  if (entry) await showModel(entry.pass_id);
  else say(t(answer.num ? "queue.all_held" : "queue.all_done"), { kind: "good" });
}

// The model before or after the open one, in the order that the queue shows; over the borders of its pages.
async function goModel(step) {
  if (!queue.loaded) await loadQueue();
  let index = queue.entries.findIndex((entry) => entry.pass_id === model.passId);
  if (index < 0) index = step > 0 ? -1 : queue.entries.length;
  const next = index + step;
  if (next < 0 && queue.offset === 0) return void say(t("queue.first"));
  if (next >= queue.entries.length && queue.offset + queue.entries.length >= queue.num) return void say(t("queue.last"));
  if (next < 0) await turnQueue(queue.offset - ROWS_PER_PAGE, { at: -1 });
  else if (next >= queue.entries.length) await turnQueue(queue.offset + ROWS_PER_PAGE);
  else queue.at = next;
  const entry = queue.entries[queue.at];
  if (entry) await showModel(entry.pass_id);
}

// Arrows move in a list that has the focus; listboxes all over the world do that. `step` moves by rows.
function moveByArrows(list, step) {
  list.addEventListener("keydown", (event) => {
    const rows = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (rows === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    step(rows);
  });
}

// What waits for a reviewer opens as a review for them, everything else on the canvas.
function openRow() {
  const entry = queue.entries[queue.at];
  if (entry) showModel(entry.pass_id, { name: entry.state === "submitted" && session.may.review ? "review" : "model" });
}

function startQueuePage() {
  const node = buildQueuePage();
  moveByArrows(ui.queue.list, stepRow);
  addPage({ name: "models", node, heading: () => ui.queue.list, show: () => loadQueue({ quiet: true }) });
  on("project", () => {
    Object.assign(queue, { entries: [], offset: 0, at: 0, loaded: false });
    if (page.name === "models") loadQueue();
  });
  on("language", () => { drawChips(); drawQueue(); });
  on("session", ({ lost }) => lost || drawQueueTools());
  setInterval(() => {
    if (page.name === "models" && isInSight() && document.visibilityState === "visible") loadQueue({ quiet: true });
  }, QUEUE_SECONDS * 1000);
  const onModels = () => page.name === "models";
  const add = (id, keys, run, when = onModels) => addCommand({ id, text: `key.${id}`, keys, group: "group.queue", place: "models", when, run });
  add("queue.down", ["j"], () => stepRow(1));
  add("queue.up", ["k"], () => stepRow(-1));
  add("queue.open", ["Enter"], openRow);
  add("queue.next", ["n"], nextToDo, () => onModels() && session.may.annotate);
  add("queue.review", ["r"], () => nextToReview(), () => onModels() && session.may.review);
  add("queue.search", ["/"], () => ui.queue.search.focus());
  addCommand({ id: "model.next", group: "group.model", text: "key.model.next", keys: ["PageDown"], when: modelIsShown, run: () => goModel(1) });
  addCommand({ id: "model.before", group: "group.model", text: "key.model.before", keys: ["PageUp"], when: modelIsShown, run: () => goModel(-1) });
  addCommand({ id: "model.queue", group: "group.model", place: "all", text: "key.model.queue", keys: ["Alt+m"], when: () => page.name !== "models", run: () => showPage("models") });
}
