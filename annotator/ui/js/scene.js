// The open model as the shared renderer draws it: one layer per fragment, back to front. Pictures come in one package per model.

const NO_DOC = Object.freeze({ panel: [], offsets: {}, shadowVisible: false });
const BLEND_OPERATIONS = { normal: "source-over" };
const FIRST_SIGHT_MS = 600; // so long an opened model waits for all of its pictures; then it appears piece by piece
const state = { canvas: null, doc: NO_DOC, layers: new Map(), source: null, shadow: null, hovered: [], tool: "select", backdrop: "checker" };
const scene = {
  passId: null,
  records: new Map(), // fragment id -> what the renderer knows of it
  ready: true,        // everything is drawn
  arriving: null,     // the package of pictures on its way
  failed: 0,          // pictures that did not come
  askedAt: 0,         // when the model was asked for
  openedMs: 0,        // from then until all of it was drawn
};

function viewCanvases() {
  return [ui.picture, ui.tint, ui.contours, ui.overlay];
}

function afterRedraw(clip, whole) {
  drawTint(clip);
  if (whole) drawContoursSoon();
}

function viewMoved() {}

function extentOf(id) {
  return state.layers.get(id)?.extent ?? null;
}

// Of a unit that was hidden while the rest of its fragment is shown: none.
function recordOf(unit) {
  return unit === fragmentOf(unit) || isVisible(unit) ? scene.records.get(fragmentOf(unit)) : undefined;
}

function extentOfAll(ids) {
  return ids.map(extentOf).filter(Boolean).reduce(union, null);
}

function startScene() {
  on("opening", ({ passId }) => {
    scene.askedAt = performance.now();
    askForPackage(passId);
  });
  on("order", refreshDoc);
  on("model", ({ fragment }) => (model.open ? receiveModel(fragment ?? null) : clearScene()));
}

function clearScene() {
  Object.assign(scene, { passId: null, records: new Map(), ready: true, failed: 0 });
  Object.assign(state, { canvas: null, doc: NO_DOC, layers: new Map(), hovered: [] });
  render.hold = false;
  ui.backdrop.hidden = true;
  forgetSelection();
  forgetVisibility();
  invalidate(null);
  drawOverlaySoon();
}

// A model was opened, or read again: then view, visibility and selection stay.
async function receiveModel(fragment) {
  const again = scene.passId === model.passId;
  const before = state.layers;
  scene.passId = model.passId;
  deliverFromPackage();
  state.canvas = { width: model.size[0], height: model.size[1] };
  state.layers = new Map(model.meshes.map((mesh) => [mesh.id, layerOf(mesh, before.get(mesh.id))]));
  readCuts();
  ui.backdrop.hidden = false;
  if (!again) {
    forgetSelection();
    forgetVisibility();
    fitView();
  }
  refreshDoc();
  emit("visibility");
  await drawWhenReady();
  if (scene.passId !== model.passId) return;
  if (fragment !== null && model.byId.has(Number(fragment))) {
    select([Number(fragment)]);
    reveal(Number(fragment));
  }
}

function layerOf(mesh, before) {
  const picture = mesh.extent ? pictureOf(mesh.url) : null;
  return before?.picture === picture ? before : { id: mesh.id, role: "fragment", extent: mesh.extent, picture, copy: null, tint: null };
}

async function drawWhenReady() {
  const passId = scene.passId;
  const pictures = picturesInUse();
  const waiting = pictures.filter((picture) => picture.status === "loading").map((picture) => picture.done);
  scene.ready = false;
  render.hold = waiting.length > 0;
  const patience = setInterval(() => {
    render.hold = false;
    invalidate(null);
  }, FIRST_SIGHT_MS);
  await Promise.all(waiting);
  clearInterval(patience);
  if (passId !== scene.passId) return;
  render.hold = false;
  scene.failed = pictures.filter((picture) => picture.status === "failed").length;
  invalidate(null);
  redraw();
  scene.ready = true;
  scene.openedMs = performance.now() - scene.askedAt;
  delivered.clear();
  trimPictures();
  emit("drawn");
  prepareWhenIdle();
}

// Pictures that did not come are asked for again.
function askAgain() {
  for (const picture of picturesInUse()) if (picture.status === "failed") picture.done = load(picture);
  drawWhenReady();
}

// Picking and outlines need each picture's alpha: work it out before the hand needs it, a few at a time.
function prepareWhenIdle() {
  const todo = [...state.layers.values()].filter(({ picture }) => picture?.status === "ready" && (!picture.alpha || !picture.contour));
  const later = window.requestIdleCallback ?? ((act) => setTimeout(() => act({ timeRemaining: () => 8 }), 30));
  const step = (deadline) => {
    while (todo.length && deadline.timeRemaining() > 4) {
      const { picture } = todo.pop();
      if (!picture.levels[0]?.width) continue; // let go meanwhile
      alphaOf(picture);
      contourOf(picture);
    }
    if (todo.length) later(step);
  };
  later(step);
}

// What the renderer draws follows from visibility, X-ray and selection; only what changed is redrawn.
function refreshDoc() {
  const raised = xray.on ? new Set(selection.ids) : new Set();
  const [below, above] = [[], []];
  for (const [place, { id }] of model.meshes.entries()) {
    const lifted = raised.has(id);
    const shown = lifted ? id : shownOf(id);
    const record = { id: shown ?? id, place, visible: shown !== null, opacity: lifted || !raised.size ? 1 : xray.faint, lifted, blend: "normal", locked: false };
    (lifted ? above : below).push(record);
  }
  const panel = [...below, ...above];
  let region = null;
  for (const record of panel) {
    const before = scene.records.get(fragmentOf(record.id));
    const same = before && (before.id === record.id || !record.visible) && before.visible === record.visible && before.lifted === record.lifted && before.place === record.place && (!record.visible || before.opacity === record.opacity);
    if (!same) region = union(region, extentOf(fragmentOf(record.id)));
  }
  state.doc = { ...NO_DOC, panel };
  scene.records = new Map(panel.map((record) => [fragmentOf(record.id), record]));
  if (region) {
    invalidate(region);
    drawContoursSoon();
  }
  drawOverlaySoon();
}

// Ids of the visible fragments under a point of the model, topmost first, by their real depth also in X-ray.
function fragmentsAt(x, y) {
  return model.meshes.filter((mesh) => isUnder(recordOf(mesh.id), x, y)).map((mesh) => mesh.id).reverse();
}
