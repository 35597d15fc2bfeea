// What waits is written down in this browser, so that a crash or a closed window loses nothing.
// One list per person and browser tab; the list of a tab that is gone is taken over by the next one. Sending an operation twice is harmless.

const KEPT = "liwi.waiting.";
const GONE_AFTER = 8_000; // milliseconds without a sign of life, where the browser has no locks
const tab = { id: newOperationId(), owner: null, full: false, seen: 0 };

// Also on a server without encryption, where `crypto.randomUUID` does not exist.
function newOperationId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function keptName(owner, id) {
  return `${KEPT}${encodeURIComponent(owner)}.${id}`;
}

// Returns whether the browser took it; a full or forbidden storage is told to the person.
function keepWaiting(operations, { closing = false } = {}) {
  if (tab.owner === null) return false;
  const name = keptName(tab.owner, tab.id);
  try {
    if (operations.length) localStorage.setItem(name, JSON.stringify({ alive: closing ? 0 : Date.now(), operations }));
    else localStorage.removeItem(name);
    tab.full = false;
  } catch {
    tab.full = true;
  }
  tab.seen = Date.now();
  return !tab.full;
}

// From when on this tab's list belongs to this person. Returns what tabs that are gone have left behind.
async function startKeeping(owner) {
  Object.assign(tab, { id: newOperationId(), owner });
  navigator.locks?.request(keptName(owner, tab.id), () => new Promise(() => {})); // held as long as the page lives
  return takeLeftBehind();
}

async function takeLeftBehind() {
  const taken = [];
  for (const name of storedNames(`${KEPT}${encodeURIComponent(tab.owner)}.`)) {
    if (name === keptName(tab.owner, tab.id)) continue;
    const kept = readKept(name);
    if (!kept || !(await isGone(name, kept))) continue;
    taken.push(...kept.operations);
    if (keepWaiting([...waiting, ...taken])) localStorage.removeItem(name); // only when this tab has written it down itself
  }
  return taken.sort((a, b) => a.at - b.at);
}

function storedNames(start) {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(start));
  } catch {
    return [];
  }
}

function readKept(name) {
  try {
    const kept = JSON.parse(localStorage.getItem(name));
    return Array.isArray(kept?.operations) ? kept : null;
  } catch {
    return null;
  }
}

async function isGone(name, kept) {
  if (!kept.alive) return true; // its page was closed
  if (!navigator.locks) return Date.now() - kept.alive > GONE_AFTER;
  return navigator.locks.request(name, { ifAvailable: true }, (lock) => lock !== null);
}

// A sign of life for browsers without locks.
function keepAlive() {
  if (waiting.length && !navigator.locks && Date.now() - tab.seen > GONE_AFTER / 4) keepWaiting(waiting);
}
