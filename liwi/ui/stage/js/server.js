// The border to Python: the value in both directions, and the events.

const MANY_LAYERS = 3;     // of more new layers than this none is selected

let awaiting = null;       // {boxes, hints, label}: prompts used by the work that was asked for
let syncTimer = 0;
let panelTimer = 0;
let lastHeardAt = 0;

// What Python sees of the stage.
function panelState() {
  return state.doc.panel.map(({ id, name, visible, opacity, blend, locked }) => ({ id, name, visible, opacity, blend, locked }));
}

function currentValue() {
  return {
    ...state.manifest,
    prompts: {
      boxes: state.doc.boxes.map(({ id, box, name }) => ({ id, box, name })),
      hints: state.doc.hints.map(({ id, kind, path, radius, layer }) => ({ id, kind, path, radius, layer })),
    },
    selected: [...state.selected],
    panel: panelState(),
    shadow_visible: state.doc.shadowVisible,
  };
}

function sync() {
  clearTimeout(syncTimer);
  syncTimer = 0;
  props.value = currentValue();
}

// Gradio copies and compares the whole value every time, so it waits for a pause, or for somebody who presses another button.
function scheduleSync() {
  clearTimeout(syncTimer);
  syncTimer = setTimeout(sync, 250);
}

function syncBeforeOthersLook(event) {
  if (syncTimer && !ui.root.contains(event.target)) sync();
}

// Tell Python about an event, with the value up to date.
function send(name, data = {}) {
  sync();
  if (name !== "panel_changed") clearTimeout(panelTimer);
  trigger(name, { ...data, revision: state.revision, panel: panelState(), shadow_visible: state.doc.shadowVisible });
}

function schedulePanelChanged() {
  if (!state.canvas) return;
  clearTimeout(panelTimer);
  panelTimer = setTimeout(() => send("panel_changed"), 400);
}

// A value has come from Python.
function receive() {
  const manifest = props.value;
  if (!manifest || typeof manifest !== "object" || !manifest.canvas) {
    state.manifest = {};
    state.revision = state.pictures = null;
    showNothing(manifest?.message);
    return;
  }
  const pictures = JSON.stringify([manifest.source_url, manifest.layers.map((layer) => [layer.id, layer.url])]);
  const isNew = manifest.revision !== state.revision || (manifest.step === "replace" && pictures !== state.pictures);
  state.pictures = pictures;
  state.manifest = manifest;
  lastHeardAt = performance.now();
  if (isNew) showRevision(manifest);
  else {
    history.pending = null; // Python had nothing to undo, or said something else first
    if (Array.isArray(manifest.consumed) && manifest.consumed.length) forgetPrompts(new Set(manifest.consumed));
  }
  showBusy();
  if (manifest.message) say(String(manifest.message), true);
  refreshActions();
  sync();
  replayWaiting();
}

function showNothing(message) {
  clearTimeout(panelTimer);
  Object.assign(state, { canvas: null, layers: new Map(), source: null, shadow: null, doc: EMPTY_DOC, selected: [], selectedBox: null });
  clearHistory();
  showBusy();
  invalidate(null);
  refreshEverything();
  say("");
  if (message) say(String(message), true);
}

function showRevision(manifest) {
  const replaces = manifest.step === "replace" || !state.canvas || manifest.canvas.width !== state.canvas.width
    || manifest.canvas.height !== state.canvas.height;
  const steps = Math.max(1, manifest.revision - (state.revision ?? 0)) || 1;
  const before = state.doc;
  lastWorkAt = -Infinity;
  const known = new Set(before.panel.map((record) => record.id));
  state.canvas = { width: manifest.canvas.width, height: manifest.canvas.height };
  state.revision = manifest.revision;
  adoptPictures(manifest);
  if (replaces) startOver(manifest);
  else if (manifest.step === "undo" || manifest.step === "redo") {
    const remembered = settleServerStep(manifest.step);
    showDoc(remembered ? restoredDoc(manifest, remembered) : { ...before, panel: manifest.layers.map(layerRecord) });
  } else {
    history.pending = null;
    const after = mergedDoc(manifest, before);
    recordServerStep(awaiting?.label ?? String(manifest.label ?? "step"), before, after, steps);
    if (!manifest.busy) awaiting = null; // else more steps of the same work follow
    showDoc(after);
    const fresh = manifest.layers.filter((layer) => !known.has(layer.id) && layer.role !== "background").map((layer) => layer.id);
    if (fresh.length > MANY_LAYERS) select([]); // all of a figure's parts: nobody asked for one of them
    else if (fresh.length) select(fresh);
  }
  select(state.selected, { scroll: false });
  trimPictures();
  refreshEverything();
}

function startOver(manifest) {
  clearHistory();
  clearTimeout(panelTimer);
  awaiting = null;
  Object.assign(state, { selected: [], selectedBox: null, hovered: null, brush: defaultBrush() });
  state.compare = { on: false, at: 0.5, peek: false };
  render.hold = false;
  state.doc = { ...EMPTY_DOC, panel: manifest.layers.map(layerRecord), shadowVisible: manifest.shadow?.visible !== false };
  fitView();
  say("");
}

function showDoc(doc) {
  const panelDiffers = JSON.stringify(doc.panel) !== JSON.stringify(state.manifest.layers.map(layerRecord));
  state.doc = doc;
  clearTimeout(panelTimer);
  if (panelDiffers) schedulePanelChanged();
  invalidate(null);
}

// After an edit the panel's state stays the person's own; new layers stand above the layer that Python put them on.
function mergedDoc(manifest, doc) {
  const rest = manifest.consumed === "all" ? { ...doc, boxes: [], hints: [] }
    : withoutPrompts(doc, new Set(manifest.consumed ?? [...(awaiting?.boxes ?? []), ...(awaiting?.hints ?? [])]));
  return { ...rest, panel: mergedPanel(manifest, doc) };
}

function withoutPrompts(doc, used) {
  const unused = (prompt) => !used.has(prompt.id);
  return { ...doc, boxes: doc.boxes.filter(unused), hints: doc.hints.filter(unused) };
}

// Prompts reported as used after the step itself was shown: they belong to that step, as if they had gone with it.
function forgetPrompts(used) {
  const last = history.past.findLastIndex((entry) => entry.kind === "server");
  history.past.forEach((entry, index) => {
    if (last < 0 || index < last) return;
    entry.after = withoutPrompts(entry.after, used);
    if (index > last) entry.before = withoutPrompts(entry.before, used);
  });
  const { boxes, hints } = state.doc;
  const rest = withoutPrompts(state.doc, used);
  if (rest.boxes.length < boxes.length || rest.hints.length < hints.length) setDoc(rest);
}

function mergedPanel(manifest, doc) {
  const mine = new Map(doc.panel.map((record) => [record.id, record]));
  const present = new Set(manifest.layers.map((layer) => layer.id));
  const panel = doc.panel.filter((record) => present.has(record.id));
  manifest.layers.forEach((layer, index) => {
    if (mine.has(layer.id)) return;
    const below = manifest.layers[index - 1]?.id;
    panel.splice(panel.findIndex((record) => record.id === below) + 1, 0, layerRecord(layer));
  });
  return panel;
}

function restoredDoc(manifest, remembered) {
  return { ...remembered, panel: mergedPanel(manifest, remembered) };
}

// Take over the pictures. Those already decoded show at once; a changed picture waits, so that nothing flickers.
function adoptPictures(manifest) {
  state.source = pictureOf(manifest.source_url);
  state.shadow = manifest.shadow
    ? { extent: manifest.shadow.extent, multiply: pictureOf(manifest.shadow.multiply_url), add: pictureOf(manifest.shadow.add_url) }
    : null;
  if (!hasDepth(manifest)) state.depthView = false;
  state.layers = new Map(manifest.layers.map((layer) => [layer.id, {
    id: layer.id, role: layer.role, url: layer.url, extent: layer.extent, promptBox: layer.prompt_box ?? null,
    picture: pictureOf((state.depthView && layer.depth_url) || layer.url), depth: typeof layer.depth === "number" ? layer.depth : null,
  }]));
  const loading = picturesInUse().filter((picture) => picture.status === "loading");
  if (!loading.length) return;
  render.hold = true;
  const release = () => {
    if (!render.hold) return;
    render.hold = false;
    invalidate(null);
  };
  setTimeout(release, 1500);
  Promise.all(loading.map((picture) => picture.done)).then(release);
  for (const picture of loading) picture.done.then(() => picturesArrived());
}

let arrivedFrame = 0;

function picturesArrived() {
  arrivedFrame ||= requestAnimationFrame(() => {
    arrivedFrame = 0;
    invalidate(null);
    refreshPanel();
    drawOverlaySoon();
  });
}
