// The one listener for keys: which key does what, as the person has mapped it, and only while the workbench is in sight and nobody types.

const NO_KEYS = new Set(["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock", "NumLock", "Dead", "Process", "Unidentified", "Tab"]);
let ownKeys = {}; // command id -> keys, where the person has changed them

// "h" and "Shift+h" as "H" and "Shift+H": letters are written large, modifiers in one order.
function normalKey(text) {
  const parts = text === "+" ? [] : text.replace(/\+\+$/, "+plus").split("+");
  const last = text === "+" ? "+" : parts.pop();
  const key = last === "plus" ? "+" : last.length === 1 ? last.toUpperCase() : last;
  return [...["Ctrl", "Alt", "Shift"].filter((name) => parts.includes(name)), key].join("+");
}

// The name of the key that was pressed; null for none that could do anything. A letter is meant whatever the keyboard's script.
function pressedKey(event) {
  const byPlace = /^Key([A-Z])$/.exec(event.code)?.[1];
  let { key } = event;
  if (key === " ") key = "Space";
  if (byPlace && !/^[\x21-\x7e]$/.test(key)) key = byPlace;
  if (NO_KEYS.has(key)) return null;
  const typesSign = event.getModifierState("AltGraph"); // Ctrl and Alt are then only part of a sign
  const isSign = key.length === 1 && !/[a-z]/i.test(key); // Shift is part of it
  const parts = [(event.ctrlKey || event.metaKey) && !typesSign && "Ctrl", event.altKey && !typesSign && "Alt", event.shiftKey && !isSign && "Shift"];
  return [...parts.filter(Boolean), key.length === 1 ? key.toUpperCase() : key].join("+");
}

function keysOf(id) {
  return ownKeys[id] ?? commands.get(id)?.keys ?? [];
}

// What a key does on a page; by default on the one that is shown.
function commandOfKey(key, place = page.name ?? "model") {
  for (const id of commands.keys()) if (keysOf(id).includes(key) && meet(commands.get(id).place, place)) return commands.get(id);
  return null;
}

function meet(place, other) {
  return place === other || place === "all" || other === "all";
}

// Keys that would do two things: there must be none.
function doubleKeys() {
  const users = new Map();
  for (const id of commands.keys()) for (const key of keysOf(id)) users.set(key, [...(users.get(key) ?? []), id]);
  const clashing = (ids) => ids.filter((id) => ids.some((other) => other !== id && meet(commands.get(id).place, commands.get(other).place)));
  return [...users].map(([key, ids]) => [key, clashing(ids)]).filter(([, ids]) => ids.length > 1);
}

// Give a command these keys; whoever had one of them loses it.
function mapKeys(id, keys) {
  const wanted = keys.map(normalKey);
  for (const other of commands.keys()) {
    const left = keysOf(other).filter((key) => !wanted.includes(key));
    if (other !== id && meet(commands.get(other).place, commands.get(id).place) && left.length < keysOf(other).length) ownKeys[other] = left;
  }
  ownKeys[id] = wanted;
  remember(`keys.${session.user}`, ownKeys);
  emit("keys");
}

function resetKeys() {
  ownKeys = {};
  remember(`keys.${session.user}`, ownKeys);
  emit("keys");
}

function recallKeys() {
  const kept = recall(`keys.${session.user}`, {});
  const isKeys = ([id, keys]) => commands.has(id) && Array.isArray(keys) && keys.every((key) => typeof key === "string");
  ownKeys = Object.fromEntries(Object.entries(kept ?? {}).filter(isKeys));
  while (doubleKeys().length) { // a command that came with a newer program keeps its key only where the person has not given it away
    const [key, ids] = doubleKeys()[0];
    const loser = ids.find((id) => !(id in ownKeys)) ?? ids[1];
    ownKeys[loser] = keysOf(loser).filter((each) => each !== key);
  }
  emit("keys");
}

const KEY_SIGNS = {
  ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Enter: "⏎", Escape: "Esc", Backspace: "⌫", Delete: "Del", PageUp: "PgUp", PageDown: "PgDn",
};

function keyText(key) {
  const plus = key.endsWith("++") || key === "+";
  const parts = plus ? [...key.slice(0, -1).split("+").filter(Boolean), "+"] : key.split("+");
  return parts.map((part) => KEY_SIGNS[part] ?? (part === "Space" ? t("key.space") : part)).join(" ");
}

// The first key of a command, for a button; "" for none.
function keyHint(id) {
  const [key] = keysOf(id);
  return key ? keyText(key) : "";
}

function isTyping(target) {
  const field = target?.closest?.("textarea, select, [contenteditable=true], input");
  return Boolean(field) && !(field.tagName === "INPUT" && ["checkbox", "radio", "range", "button"].includes(field.type));
}

function hasKeys(event) {
  const active = element.getRootNode().activeElement ?? document.activeElement;
  const ours = !active || active === document.body || ui.root.contains(active);
  return ours && isInSight() && !event.defaultPrevented && !event.isComposing && !isTyping(event.target) && !ui.root.querySelector("dialog[open]");
}

// Enter and Space press the button that has the focus, arrows move what has it.
function belongsToFocus(key, target) {
  if (key === "Enter" || key === "Space") return Boolean(target.closest?.("button, a[href], summary, input, [role=button]"));
  return key.startsWith("Arrow") && Boolean(target.closest?.("input, [role=slider], [role=listbox], [role=menu]"));
}

function onWorkbenchKey(event) {
  if (!element.isConnected) {
    document.removeEventListener("keydown", onWorkbenchKey);
    return;
  }
  const key = pressedKey(event);
  if (!key || !hasKeys(event) || belongsToFocus(key, event.target)) return;
  const command = (isCutting() && commandOfKey(key, "cut")) || commandOfKey(key);
  if (!command || !command.when()) return;
  event.preventDefault();
  if (!event.repeat || command.repeats) command.run();
}

function startHotkeys() {
  document.addEventListener("keydown", onWorkbenchKey);
  on("session", ({ lost }) => { if (!lost) recallKeys(); });
}
