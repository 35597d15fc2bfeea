// Box prompts and keep/drop hints: what a person asks to be cut out, and how they correct it.

// A box between two corners, in whole pixels, inside the canvas, of at least the minimum size.
function tidyBox(x0, y0, x1, y1) {
  const { width, height } = state.canvas;
  const [left, right] = tidySpan(x0, x1, width);
  const [top, bottom] = tidySpan(y0, y1, height);
  return [left, top, right, bottom];
}

function tidySpan(a, b, length) {
  const least = Math.min(MIN_BOX, length);
  let low = clamp(Math.round(Math.min(a, b)), 0, length);
  let high = clamp(Math.round(Math.max(a, b)), 0, length);
  if (high - low < least) {
    low = clamp(low, 0, length - least);
    high = low + least;
  }
  return [low, high];
}

// The box moved by (dx, dy), kept whole inside the canvas.
function movedBox(box, dx, dy) {
  const { width, height } = state.canvas;
  const x = clamp(Math.round(dx), -box[0], width - box[2]);
  const y = clamp(Math.round(dy), -box[1], height - box[3]);
  return [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
}

function addBox(box) {
  if (state.doc.boxes.length >= MAX_BOXES) return say(`At most ${MAX_BOXES} boxes at a time. Cut these out first.`, true);
  const entry = Object.freeze({ id: newPromptId("box"), box, name: "" });
  commit("draw a box", { ...state.doc, boxes: [...state.doc.boxes, entry] });
  selectBox(entry.id);
  return undefined;
}

function withBox(doc, id, change) {
  return { ...doc, boxes: doc.boxes.map((entry) => (entry.id === id ? Object.freeze({ ...entry, ...change }) : entry)) };
}

function removeBox(id) {
  commit("delete a box", { ...state.doc, boxes: state.doc.boxes.filter((entry) => entry.id !== id) });
}

function boxOf(id) {
  return state.doc.boxes.find((entry) => entry.id === id);
}

// The foreground layer that corrections are meant for: the only one selected while no box waits to be cut.
function layerToRefine() {
  if (state.doc.boxes.length || state.selected.length !== 1) return null;
  const id = state.selected[0];
  return state.layers.get(id)?.role === "foreground" && !recordOf(id).locked ? id : null;
}

function addHint(kind, path, radius) {
  if (state.doc.hints.length >= MAX_HINTS) return say(`At most ${MAX_HINTS} marks at a time. Press Enter to use these first.`, true);
  const layer = layerToRefine() ?? layerMeantBy(path[0]);
  const hint = Object.freeze({ id: newPromptId("hint"), kind, path, radius, layer });
  commit(kind === "keep" ? "mark what to keep" : "mark what to drop", { ...state.doc, hints: [...state.doc.hints, hint] });
  if (layer && !state.selected.includes(layer)) select([layer]);
  if (!layer && !state.doc.boxes.length && hasForeground()) say("Select the layer that this mark is for, or draw a box around the thing.", true);
  return undefined;
}

function hasForeground() {
  return [...state.layers.values()].some((layer) => layer.role === "foreground");
}

// With no layer selected: the smallest one whose box holds the mark.
function layerMeantBy([x, y]) {
  if (state.doc.boxes.length) return null;
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  const holding = state.doc.panel
    .filter((record) => record.visible && !record.locked && state.layers.get(record.id)?.role === "foreground")
    .map((record) => ({ id: record.id, box: state.layers.get(record.id).promptBox ?? extentOf(record.id) }))
    .filter(({ box }) => box && meets(box, [x, y, x + 1, y + 1]));
  return holding.sort((a, b) => area(a.box) - area(b.box))[0]?.id ?? null;
}

function hintPoint(x, y) {
  return [clamp(Math.floor(x), 0, state.canvas.width - 1), clamp(Math.floor(y), 0, state.canvas.height - 1)];
}

function setBrush(radius) {
  state.brush = Math.round(clamp(radius, 1, 512));
  refreshToolbar();
  drawOverlaySoon();
}

function defaultBrush() {
  return Math.max(2, Math.round(Math.min(state.canvas.width, state.canvas.height) * 0.012));
}

// Which work the Cut out button would start: boxes first, then corrections of a layer, else a proposal of the main subjects.
function nextWork() {
  if (!state.canvas) return null;
  const refinable = state.doc.hints.map((hint) => hint.layer).filter((id) => id && recordOf(id));
  if (!state.doc.boxes.length && refinable.length) {
    const id = state.selected.length === 1 && refinable.includes(state.selected[0]) ? state.selected[0] : refinable.at(-1);
    return { kind: "recut", id };
  }
  return { kind: "run" };
}

let lastWorkAt = -Infinity;

function startWork() {
  const work = nextWork();
  if (!work || performance.now() - lastWorkAt < 600) return;
  if (state.busy) return say("Still working. Wait for it, or press Cancel.");
  lastWorkAt = performance.now();
  const plain = ({ kind, path, radius }) => ({ kind, path, radius });
  if (work.kind === "recut") {
    const hints = state.doc.hints.filter((hint) => hint.layer === work.id);
    awaiting = { boxes: [], hints: hints.map((hint) => hint.id), label: `refine ${recordOf(work.id).name}` };
    send("recut_requested", { id: work.id, hints: hints.map(plain) });
    return;
  }
  const { boxes } = state.doc;
  const hints = state.doc.hints.filter((hint) => !hint.layer || !recordOf(hint.layer));
  awaiting = { boxes: boxes.map((entry) => entry.id), hints: hints.map((hint) => hint.id), label: STAGE_WORDS.workBoxes.toLowerCase() };
  send("run_requested", { boxes: boxes.map(({ id, box, name }) => ({ id, box, name })), hints: hints.map(plain), recut: null });
}

// Enter alone never looks for more subjects once there are layers: that is too much work for a stray key.
function startWorkByKey() {
  const nothingDrawn = !state.doc.boxes.length && !state.doc.hints.length;
  if (nothingDrawn && hasForeground()) return say("Draw a box first, or press Find subjects.", true);
  return startWork();
}

function deleteSelected() {
  if (state.selectedBox) return removeBox(state.selectedBox);
  const ids = state.selected.filter((id) => !recordOf(id).locked);
  if (!state.selected.length) return;
  if (state.busy) return say("Still working. Wait for it, or press Cancel.");
  if (ids.length < state.selected.length) say("Locked layers are not deleted.");
  const deletable = ids.filter((id) => state.layers.get(id).role !== "background");
  if (ids.length && !deletable.length) return say("The background cannot be deleted; hide it with its eye.");
  if (!deletable.length) return;
  awaiting = { boxes: [], hints: [], label: deletable.length > 1 ? `delete ${deletable.length} layers` : `delete ${recordOf(deletable[0]).name}` };
  send("delete_requested", { ids: deletable });
}
