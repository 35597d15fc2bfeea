// One history across everything a person did. An entry holds the whole document before and after it. Steps made by Python
// ("server" entries) are undone by Python: the stage asks, and restores its own half when the answer arrives.

const MAX_HISTORY = 500;
const history = { past: [], future: [], pending: null, waiting: [], timer: 0 };

// Make `next` the document and remember it as one step. `before`: where the step began, when it was previewed on the way.
function commit(label, next, before = state.doc) {
  if (next === before) return;
  history.past.push({ kind: "local", label, before, after: next });
  if (history.past.length > MAX_HISTORY) history.past.shift();
  history.future = [];
  setDoc(next);
  refreshActions();
}

function recordServerStep(label, before, after, steps) {
  history.past.push({ kind: "server", label, before, after, steps });
  history.future = [];
}

function clearHistory() {
  Object.assign(history, { past: [], future: [], pending: null, waiting: [] });
}

function canUndo() {
  return history.past.length > 0 || Boolean(state.manifest.can_undo);
}

function canRedo() {
  return history.future.length > 0 || (history.past.length === 0 && Boolean(state.manifest.can_redo));
}

function undo() {
  step("undo", history.past, history.future, canUndo());
}

function redo() {
  step("redo", history.future, history.past, canRedo());
}

function step(direction, from, to, possible) {
  if (history.pending) {
    if (history.waiting.length < 20) history.waiting.push(direction);
    return;
  }
  if (!possible) return;
  const entry = from.at(-1) ?? { kind: "server", label: "earlier step", before: null, after: null, steps: 1 };
  if (entry.kind === "server") {
    if (state.busy) return say("Wait until the work is done, or cancel it, before going back.");
    askServerStep(direction, entry);
  } else {
    from.pop();
    to.push(entry);
    setDoc(direction === "undo" ? entry.before : entry.after);
    say(direction === "undo" ? `Undone: ${entry.label}` : `Done again: ${entry.label}`);
  }
  refreshActions();
}

function askServerStep(direction, entry) {
  history.pending = { direction, entry };
  clearTimeout(history.timer);
  history.timer = setTimeout(() => { history.pending = null; history.waiting = []; }, 8000);
  if (direction === "undo") send("undo_requested", { steps: entry.steps });
  else send("redo_requested", { steps: entry.steps });
}

// Python has answered "undo" or "redo": move the entry across and return the document to show, or null where only Python knows it.
function settleServerStep(direction) {
  const [from, to] = direction === "undo" ? [history.past, history.future] : [history.future, history.past];
  const entry = history.pending?.direction === direction ? history.pending.entry : from.findLast((one) => one.kind === "server");
  history.pending = null;
  clearTimeout(history.timer);
  if (!entry) return null;
  const place = from.lastIndexOf(entry);
  if (place >= 0) from.length = place; // whatever was done on top while waiting goes with it
  to.push(entry);
  say(direction === "undo" ? `Undone: ${entry.label}` : `Done again: ${entry.label}`);
  return direction === "undo" ? entry.before : entry.after;
}

// Undo and redo pressed while Python was still answering.
function replayWaiting() {
  while (history.waiting.length && !history.pending) {
    if (history.waiting.shift() === "undo") undo();
    else redo();
  }
}
