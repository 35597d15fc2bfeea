// All state of one stage. `state.doc` holds what a person edits; it is never changed in place, so that history can keep whole
// documents by reference and undo is exact. Everything else is the view, or comes from Python.

const MAX_NAME_LENGTH = 120;
const MIN_BOX = 4; // source pixels
const MAX_BOXES = 50;
const MAX_HINTS = 200;
const MAX_PATH_POINTS = 4000;
const BLEND_OPERATIONS = {
  normal: "source-over", multiply: "multiply", screen: "screen", overlay: "overlay", darken: "darken", lighten: "lighten",
  "color-dodge": "color-dodge", "color-burn": "color-burn", "hard-light": "hard-light", "soft-light": "soft-light",
  difference: "difference", exclusion: "exclusion", "linear-dodge": "lighter",
};
const BLEND_LABELS = {
  normal: "Normal", multiply: "Multiply", screen: "Screen", overlay: "Overlay", darken: "Darken", lighten: "Lighten",
  "color-dodge": "Color Dodge", "color-burn": "Color Burn", "hard-light": "Hard Light", "soft-light": "Soft Light",
  difference: "Difference", exclusion: "Exclusion", "linear-dodge": "Linear Dodge (Add)",
};
const EMPTY_DOC = Object.freeze({
  panel: [],           // back to front: {id, name, visible, opacity, blend, locked}, each frozen
  shadowVisible: true,
  boxes: [],           // {id, box: [left, top, right, bottom], name}
  hints: [],           // {id, kind, path, radius, layer: id of the layer to refine, or null}
  offsets: {},         // layer id -> [dx, dy]: moved aside, in this view only
});

const state = {
  canvas: null,        // {width, height} of the picture in source pixels, null: no picture
  manifest: {},        // last one from Python
  revision: null,
  pictures: null,      // which pictures the last manifest named: tells a new picture from the same manifest sent again
  doc: EMPTY_DOC,
  layers: new Map(),   // id -> {id, role, url, extent, promptBox, picture}
  source: null,        // {url, picture}
  shadow: null,        // {extent, multiply, add}: pictures or null
  selected: [],        // layer ids
  selectedBox: null,   // id of a box prompt
  hovered: null,       // layer id
  tool: "box",
  brush: 12,           // radius in source pixels
  backdrop: "checker",
  depthView: false,    // layers are shown in greys that say how near they are
  compare: { on: false, at: 0.5, peek: false },
  crosshair: null,     // [x, y] of the keyboard's brush
  busy: null,
};

let nextPromptNumber = 1;

function newPromptId(letter) {
  return `${letter}${nextPromptNumber++}-${Math.random().toString(36).slice(2, 8)}`;
}

function layerRecord(layer) {
  return Object.freeze({
    id: layer.id,
    name: String(layer.name ?? ""),
    visible: layer.visible !== false,
    opacity: clamp(Number(layer.opacity ?? 1), 0, 1),
    blend: layer.blend in BLEND_OPERATIONS ? layer.blend : "normal",
    locked: Boolean(layer.locked),
  });
}

function recordOf(id, doc = state.doc) {
  return doc.panel.find((record) => record.id === id);
}

function extentOf(id, doc = state.doc) {
  const extent = state.layers.get(id)?.extent;
  return extent ? shifted(extent, doc.offsets[id]) : null;
}

// A document with some fields of some layers changed. Records that stay equal stay the same object.
function withRecords(doc, ids, change) {
  const wanted = new Set(ids);
  const panel = doc.panel.map((record) => (wanted.has(record.id) ? Object.freeze({ ...record, ...change(record) }) : record));
  return { ...doc, panel };
}

// The canvas region whose pixels differ between two documents; null: none.
function changedRegion(before, after) {
  const regions = [];
  const old = new Map(before.panel.map((record, index) => [record.id, { record, index }]));
  after.panel.forEach((record, index) => {
    const previous = old.get(record.id);
    old.delete(record.id);
    const looksSame = previous && previous.record.visible === record.visible && previous.record.opacity === record.opacity
      && previous.record.blend === record.blend && previous.index === index
      && String(before.offsets[record.id] ?? "") === String(after.offsets[record.id] ?? "");
    if (!looksSame) regions.push(extentOf(record.id, before), extentOf(record.id, after));
  });
  for (const id of old.keys()) regions.push(extentOf(id, before));
  if (before.shadowVisible !== after.shadowVisible && state.shadow) regions.push(state.shadow.extent);
  return regions.filter(Boolean).reduce(union, null);
}

// Show another document: redraw what changed, refresh the panel, tell Python soon. History is the caller's business.
function setDoc(next) {
  const before = state.doc;
  if (next === before) return;
  state.doc = next;
  const region = changedRegion(before, next);
  if (region) invalidate(region);
  if (before.panel !== next.panel || before.shadowVisible !== next.shadowVisible) {
    refreshPanel();
    schedulePanelChanged();
  } else if (before.offsets !== next.offsets) refreshPanel();
  if (before.boxes !== next.boxes || before.hints !== next.hints) refreshPrompts();
  if (!next.boxes.some((box) => box.id === state.selectedBox)) state.selectedBox = null;
  drawOverlaySoon();
  scheduleSync();
}

function select(ids, { scroll = true } = {}) {
  state.selected = ids.filter((id) => recordOf(id));
  if (ids.length) state.selectedBox = null;
  refreshPanel();
  refreshActions();
  if (scroll && state.selected.length) scrollToRow(state.selected.at(-1));
  drawOverlaySoon();
  scheduleSync();
}

function selectBox(id) {
  state.selectedBox = id;
  if (id && state.selected.length) state.selected = [];
  refreshPanel();
  refreshPrompts();
  drawOverlaySoon();
}

function hover(id) {
  if (state.hovered === id) return;
  state.hovered = id;
  markHoveredRow(id);
  drawOverlaySoon();
}
