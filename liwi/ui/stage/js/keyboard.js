// Hotkeys. They act when the stage has the focus, or nothing has; never while somebody types.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = {
  v: () => chooseTool("move"), b: () => chooseTool("box"), m: () => chooseTool("box"), k: () => chooseTool("keep"),
  d: () => chooseTool("drop"), h: () => chooseTool("hand"), n: () => newByKeyboard(),
  0: fitView, f: fitView, 1: showPixels, 2: () => zoomToSelection(),
  "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), _: () => zoomBy(0.8),
  "[": () => setBrush(Math.min(state.brush - 1, state.brush / 1.2)), "]": () => setBrush(Math.max(state.brush + 1, state.brush * 1.2)),
  c: toggleCompare, g: cycleBackdrop, p: putBack, x: toggleSpread, z: toggleDepth, t: toggleShadow, F: toggleFullScreen, "\\": () => peek(true),
  e: () => toggleVisible(state.selected), s: () => state.selected.length && solo(state.selected.at(-1)), l: () => toggleLock(state.selected),
  F2: () => renameSelected(), Delete: deleteSelected, Backspace: deleteSelected, Enter: startWorkByKey, Escape: () => escape(),
};

function isTyping(target) {
  if (!target?.closest) return false;
  return Boolean(target.closest("textarea, select, input:not([type=range]), [contenteditable=true]"));
}

function stageHasKeys(event) {
  const active = document.activeElement;
  const ours = ui.root.contains(active) || ((!active || active === document.body) && ui.root.offsetParent !== null);
  return ours && !isTyping(event.target) && !event.defaultPrevented && !event.isComposing;
}

function onKeyDown(event) {
  if (!ui.root.isConnected) return document.removeEventListener("keydown", onKeyDown);
  if (!stageHasKeys(event)) return undefined;
  if (event.key === "?") return handled(event, toggleHelp);
  if (helpIsOpen()) return event.key === "Escape" ? handled(event, toggleHelp) : undefined;
  const typesSign = event.getModifierState("AltGraph"); // Ctrl and Alt are then only part of a sign such as [
  const command = (event.ctrlKey || event.metaKey) && !typesSign;
  if (command) return onCommandKey(event);
  const onButton = event.target.closest?.("button");
  if (onButton && (event.key === "Enter" || event.key === " ")) return undefined;
  if (!state.canvas) return undefined;
  if (event.key === " ") return handled(event, () => holdSpace(true));
  if (event.key in ARROWS) return event.target.matches?.("input, [role=slider]") ? undefined : onArrow(event);
  if (event.altKey && !typesSign) return undefined;
  const full = event.shiftKey && event.key === "F";
  const key = event.key.length === 1 && !full ? event.key.toLowerCase() : event.key;
  if (event.shiftKey && /^[a-z]$/.test(key)) return undefined;
  return key in KEYS ? handled(event, KEYS[key]) : undefined;
}

function onKeyUp(event) {
  if (!ui.root.isConnected) return document.removeEventListener("keyup", onKeyUp);
  if (event.key === " ") holdSpace(false);
  if (event.key === "\\") peek(false);
  return undefined;
}

function handled(event, action) {
  event.preventDefault();
  action();
}

function onCommandKey(event) {
  const key = event.key.toLowerCase();
  if (key === "z") return handled(event, event.shiftKey ? redo : undo);
  if (key === "y") return handled(event, redo);
  if (key === "a" && state.canvas) return handled(event, () => select(state.doc.panel.map((record) => record.id), { scroll: false }));
  if (key === "0" && state.canvas) return handled(event, fitView);
  if (event.key === "]") return handled(event, () => reorderSelected(1));
  if (event.key === "[") return handled(event, () => reorderSelected(-1));
  return undefined;
}

function holdSpace(on) {
  pointer.space = on;
  refreshCursor();
}

// Arrows: rows when the panel has the focus; else a box, the brush's cross, or the selected layers. Shift: ten pixels.
function onArrow(event) {
  const [dx, dy] = ARROWS[event.key];
  const inPanel = ui.rows.contains(event.target);
  if (event.altKey && dy && state.selected.length && !state.selectedBox) return handled(event, () => reorderSelected(-dy));
  if (inPanel) return dy ? handled(event, () => focusRow(dy, event.shiftKey)) : undefined;
  const far = event.shiftKey ? 10 : 1;
  if (state.tool === "keep" || state.tool === "drop") return handled(event, () => moveCrosshair(dx * far, dy * far));
  if (state.selectedBox) return handled(event, () => nudgeBox(dx * far, dy * far, event.altKey));
  const ids = editableSelection();
  if (ids.length) return handled(event, () => nudgeLayers(ids, dx * far, dy * far));
  return handled(event, () => panBy(-dx * 40, -dy * 40));
}

function focusRow(step, extend) {
  const order = state.doc.panel.map((record) => record.id).reverse();
  const id = order[clamp(order.indexOf(rovingId) + step, 0, order.length - 1)];
  selectRow(id, { shiftKey: extend });
  rows.get(id).node.focus();
}

// Nudges that follow each other quickly are one step in history.
let nudge = { kind: "", at: -Infinity };

function commitNudge(kind, label, next) {
  const joins = nudge.kind === kind && performance.now() - nudge.at < 800 && history.past.at(-1)?.label === label;
  nudge = { kind, at: performance.now() };
  if (!joins) return commit(label, next);
  const { before } = history.past.pop();
  return commit(label, next, before);
}

function nudgeLayers(ids, dx, dy) {
  commitNudge(`layers ${ids}`, "move aside", offsetLayers(state.doc, ids, dx, dy));
}

function nudgeBox(dx, dy, resize) {
  const { id, box } = boxOf(state.selectedBox);
  const next = resize ? resizedBox(box, "se", [box[2] + dx, box[3] + dy]) : movedBox(box, dx, dy);
  if (String(next) !== String(box)) commitNudge(`box ${id} ${resize}`, resize ? "resize a box" : "move a box", withBox(state.doc, id, { box: next }));
}

// The middle of what is in sight, in source pixels.
function sightCentre() {
  const { width, height } = state.canvas;
  const [x, y] = toSource(view.width / 2, view.height / 2);
  return [clamp(Math.round(x), 0, width - 1), clamp(Math.round(y), 0, height - 1)];
}

function moveCrosshair(dx, dy) {
  const [x, y] = state.crosshair ?? sightCentre();
  state.crosshair = [clamp(x + dx, 0, state.canvas.width - 1), clamp(y + dy, 0, state.canvas.height - 1)];
  showPosition(state.crosshair);
  drawOverlaySoon();
}

function newByKeyboard() {
  if (state.tool === "keep" || state.tool === "drop") {
    state.crosshair ??= sightCentre();
    return addHint(state.tool, [[...state.crosshair]], state.brush);
  }
  const [x, y] = sightCentre();
  const [halfWidth, halfHeight] = [state.canvas.width / 4, state.canvas.height / 4];
  chooseTool("box");
  return addBox(tidyBox(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight));
}

function zoomToSelection() {
  const region = state.selectedBox ? boxOf(state.selectedBox).box : state.selected.map((id) => extentOf(id)).filter(Boolean).reduce(union, null);
  if (region) showBox(region);
}

function renameSelected() {
  if (state.selectedBox) return nameBox(state.selectedBox, ui.boxRows.querySelector(`[data-box="${state.selectedBox}"] .name`));
  if (state.selected.length) return startRename(state.selected.at(-1));
  return undefined;
}

function escape() {
  if (cancelGesture()) return;
  if (state.selectedBox) return selectBox(null);
  select([]);
}
