// The pictures of pieces: what a fragment's own picture shows of them, as layers that the renderer, the colours and the outlines draw.
// Fragments that nobody has cut have none and cost nothing.

const cutShapes = new Map(); // id of a fragment that is cut -> its outlines, as text

function startCuts() {
  on("drawn", () => {
    if (!cutShapes.size) return;
    makeCuts([...cutShapes.keys()], { again: true });
    refreshDoc();
    invalidate(null);
  });
}

// After a model was opened: which fragments are cut.
function readCuts() {
  cutShapes.clear();
  makeCuts(model.meshes.map(({ id }) => id));
}

// Labels of these fragments have changed.
function refreshCuts(ids) {
  if (makeCuts(ids)) refreshDoc();
}

// Make the layers of pieces anew where the outlines are others than before. Returns whether any are.
function makeCuts(ids, { again = false } = {}) {
  let changed = false;
  for (const id of ids) {
    const pieces = piecesOf(id);
    const shape = pieces.length ? JSON.stringify(pieces.map(({ polygon }) => polygon)) : "";
    if (shape === (cutShapes.get(id) ?? "") && !again) continue;
    for (const key of state.layers.keys()) if (typeof key === "string" && fragmentOf(key) === id) state.layers.delete(key);
    if (shape !== (cutShapes.get(id) ?? "")) forgetHiddenPieces(id);
    if (shape) cutShapes.set(id, shape);
    else cutShapes.delete(id);
    if (shape) unitsOf(id).forEach(cutLayer);
    changed = true;
  }
  return changed;
}

// The layer of a unit, or of several of one fragment together ("12/0+2"): its picture without everything else.
function cutLayer(unit) {
  const known = state.layers.get(unit);
  if (known) return known;
  const whole = state.layers.get(fragmentOf(unit));
  const cut = whole?.picture?.status === "ready" ? cutPicture(whole, placesOf(unit)) : null;
  const layer = { id: unit, role: "fragment", extent: cut?.extent ?? null, picture: cut?.picture ?? null, copy: null, tint: null };
  state.layers.set(unit, layer);
  return layer;
}

function cutPicture({ id, extent, picture }, places) {
  const bitmap = picture.levels[0];
  const [left, top, right, bottom] = extent;
  const put = ([x, y]) => [((x - left) / (right - left)) * bitmap.width, ((y - top) / (bottom - top)) * bitmap.height];
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const outlines = piecesOf(id).map(({ polygon }) => outlinePath(polygon, put));
  if (places.includes(0)) context.fillRect(0, 0, canvas.width, canvas.height);
  outlines.forEach((outline, index) => { // the later has what both enclose
    context.globalCompositeOperation = places.includes(index + 1) ? "source-over" : "destination-out";
    context.fill(outline, "evenodd");
  });
  context.globalCompositeOperation = "source-in";
  context.drawImage(bitmap, 0, 0);
  return croppedPicture(canvas, extent);
}

// What of a canvas over `extent` has pixels; null if none has.
function croppedPicture(canvas, [left, top, right, bottom]) {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const box = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!data[4 * (y * width + x) + 3]) continue;
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x + 1);
      box[3] = Math.max(box[3], y + 1);
    }
  }
  if (box[0] >= box[2]) return null;
  const cropped = document.createElement("canvas");
  Object.assign(cropped, { width: box[2] - box[0], height: box[3] - box[1] });
  cropped.getContext("2d").drawImage(canvas, -box[0], -box[1]);
  const [across, down] = [(right - left) / width, (bottom - top) / height];
  const extent = [left + box[0] * across, top + box[1] * down, left + box[2] * across, top + box[3] * down];
  return { extent, picture: { url: null, status: "ready", levels: [cropped], alpha: null, contour: null, done: null } };
}

// What is drawn of a fragment: all of it by its id, some of its pieces ("12/0+2"), or null for nothing.
function shownOf(id) {
  const units = unitsOf(id);
  const shown = units.filter(isVisible);
  if (shown.length === units.length) return id;
  return shown.length ? cutLayer(`${id}/${shown.flatMap(placesOf).join("+")}`).id : null;
}

// The units that a layer shows, whole fragments by their ids.
function unitsIn(layerId) {
  return typeof layerId === "string" ? placesOf(layerId).map((place) => `${fragmentOf(layerId)}/${place}`) : unitsOf(layerId);
}
