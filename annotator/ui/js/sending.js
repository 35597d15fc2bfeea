// One queue, first in first out, one request at a time. Every operation has an id; sending it again is harmless.
// An operation that only the person can help (a conflict, a lost claim) parks its pass; those of other passes go on.

const waiting = []; // operations in the order of the person's acts: {operation_id, name, pass_id, model, changes, on_conflict, at, sent}
const parked = new Map(); // pass_id -> {operation, error}
const saving = { state: "saved", waiting: 0, savedAt: null, error: null };
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
const KEEPALIVE_BYTES = 60_000; // browsers take 64 KiB in all
const TRIES_BEFORE_STUCK = 3;
const sender = { busy: null, pause: 0, timer: 0, tries: 0 };
let settledListeners = [];

function enqueue(operation) {
  waiting.push({ operation_id: newOperationId(), at: Date.now(), ...operation });
  queueChanged();
  sendNext();
}

function queueChanged() {
  keepWaiting(waiting);
  saving.waiting = waiting.length;
  if (!waiting.length) {
    settledListeners.forEach((resolve) => resolve());
    settledListeners = [];
  }
  sayState();
}

function sayState(error = saving.error) {
  saving.error = waiting.length || error?.kind === "offline" ? error : null;
  const kind = saving.error?.kind;
  if (parked.size || (kind && kind !== "offline" && kind !== "internal") || (kind === "internal" && sender.tries >= TRIES_BEFORE_STUCK)) saving.state = "stuck";
  else if (kind) saving.state = "offline";
  else saving.state = waiting.length ? "pending" : "saved";
  emit("saving");
}

// That everything is saved.
function settled() {
  return waiting.length ? new Promise((resolve) => settledListeners.push(resolve)) : Promise.resolve();
}

// The same for one pass; also resolves when what waits is parked, since that may take long.
async function settledPass(passId) {
  while (!parked.has(passId) && waiting.some((operation) => operation.pass_id === passId)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

// Undo and redo concern the latest acts of all: they wait for everything before them, and for a claim that is under way.
function nextOperation() {
  for (const operation of waiting) {
    if (operation.name !== "relabel" && (parked.size || hold.taking)) return null;
    if (!parked.has(operation.pass_id) && !isBeingClaimed(operation.pass_id)) return operation;
  }
  return null;
}

function bodyOf({ operation_id, name, pass_id, changes, on_conflict }) {
  if (name === "relabel") return { pass_id, operation_id, changes };
  return on_conflict ? { operation_id, on_conflict } : { operation_id };
}

async function sendNext() {
  if (sender.busy || sender.timer) return;
  const operation = nextOperation();
  if (!operation) {
    sayState();
    return;
  }
  sender.busy = operation;
  operation.sent = true;
  const body = bodyOf(operation);
  try {
    takeAnswer(operation, await call(operation.name, body, { keepalive: JSON.stringify(body).length < KEEPALIVE_BYTES }));
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    await takeFailure(operation, error);
  } finally {
    sender.busy = null;
  }
  sendNext();
}

function takeAnswer(operation, answer) {
  Object.assign(sender, { pause: 0, tries: 0 });
  forget(operation);
  saving.savedAt = Date.now();
  saving.error = null;
  if (operation.name !== "relabel") followAct(answer);
  let before = new Map();
  if (answer.pass_id === model.passId) {
    before = new Map(answer.saved.map((label) => [label.art_mesh_id, labelOf(label.art_mesh_id)]));
    takeSaid(answer.saved);
    showLabels(answer.saved.map((label) => label.art_mesh_id));
  }
  queueChanged();
  if (operation.name !== "relabel") sayAct(operation, answer, before);
}

function forget(operation) {
  const place = waiting.indexOf(operation);
  if (place >= 0) waiting.splice(place, 1);
}

async function takeFailure(operation, error) {
  if (error.mayHelpToTryAgain || error.kind === "login") return tryLater(error);
  if (error.kind === "claim" && !error.data.holder) {
    const refusal = await claimAgain(error.data.pass_id);
    return refusal ? takeFailure(operation, refusal) : undefined;
  }
  if (operation.name !== "relabel") return giveUpAct(operation, error);
  if (error.kind === "conflict" && settleEqual(operation, error.data.conflicts)) return undefined;
  parked.set(operation.pass_id, { operation, error });
  sayState();
  return askAbout(operation, error);
}

function tryLater(error) {
  sender.tries += 1;
  sender.pause = clamp(sender.pause * 2, FIRST_PAUSE, LONGEST_PAUSE);
  sender.timer = setTimeout(tryNow, sender.pause);
  sayState(error);
}

function tryNow() {
  clearTimeout(sender.timer);
  sender.timer = 0;
  sendNext();
}

// The pass goes on, with what the person has chosen in place of the operation (null: it is dropped).
function unpark(operation, replacement = operation) {
  parked.delete(operation.pass_id);
  const place = waiting.indexOf(operation);
  if (place >= 0) waiting.splice(place, 1, ...(replacement ? [replacement] : []));
  queueChanged();
  tryNow();
}

// The latest waiting change of each fragment of a pass.
function lastWaitingChanges(passId) {
  const last = new Map();
  for (const operation of waiting) {
    if (operation.pass_id !== passId) continue;
    for (const change of operation.changes ?? []) last.set(change.art_mesh_id, change);
  }
  return last;
}

// What was decided after an act that gave these fragments other versions than foreseen is told the new ones.
function renumber(passId, versions, after = null) {
  const next = new Map(versions); // id -> version that the next change will find
  for (const operation of waiting.slice(after ? waiting.indexOf(after) + 1 : 0)) {
    if (operation.pass_id !== passId || !operation.changes?.some((change) => next.has(change.art_mesh_id))) continue;
    if (operation.sent) operation.operation_id = newOperationId(); // it asks for something else now
    operation.changes = operation.changes.map((change) => {
      if (!next.has(change.art_mesh_id)) return change;
      const version = next.get(change.art_mesh_id);
      next.set(change.art_mesh_id, version + 1);
      return { ...change, version };
    });
  }
}

// The page is going: what waits is sent without waiting for answers, in so far as the browser takes it. Undo depends on order, and stays kept.
function sendOnLeaving() {
  keepWaiting(waiting, { closing: true });
  let room = KEEPALIVE_BYTES;
  for (const operation of waiting) {
    if (operation.name !== "relabel") break;
    const body = bodyOf(operation);
    room -= JSON.stringify(body).length;
    if (room < 0) break;
    if (operation === sender.busy || parked.has(operation.pass_id)) continue;
    operation.sent = true;
    call("relabel", body, { keepalive: true }).catch(() => {});
  }
}

async function takeOwner() {
  if (!session.user) return;
  if (session.user === tab.owner) {
    tryNow(); // logged in again
    return;
  }
  waiting.length = 0; // somebody else has logged in: what waits stays written down for its owner
  parked.clear();
  const left = await startKeeping(session.user);
  if (left.length) {
    waiting.unshift(...left.map((operation) => ({ ...operation, sent: true })));
    say(t("left_behind", { n: left.length }), { kind: "info" });
    if (model.open) showLabels([...lastWaitingChanges(model.passId).keys()]);
  }
  queueChanged();
  tryNow();
}

function startSending() {
  on("session", ({ lost }) => { if (!lost) takeOwner(); });
  on("model", takeLabelsRead);
  window.addEventListener("online", tryNow);
  window.addEventListener("pagehide", sendOnLeaving);
  window.addEventListener("pageshow", (event) => { if (event.persisted) tryNow(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tryNow(); });
  window.addEventListener("beforeunload", (event) => { if (waiting.length) event.preventDefault(); });
  setInterval(keepAlive, GONE_AFTER / 4);
}
