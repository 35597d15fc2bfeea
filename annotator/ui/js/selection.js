// What is selected. The last of the list is the primary one: inspector, tours and previews speak of it.

// Of a fragment that was cut, pieces can be selected by themselves: `selection.pieces` says which; without an entry its own label is meant.

const selection = { ids: [], pieces: new Map() }; // pieces: id -> places, see `pieces.js`

function forgetSelection() {
  if (!selection.ids.length) return;
  Object.assign(selection, { ids: [], pieces: new Map() });
  emit("selection");
}

function primary() {
  return selection.ids.at(-1) ?? null;
}

// What is selected, pieces as units: what a class is given to.
function selectedUnits() {
  return selection.ids.flatMap((id) => selection.pieces.get(id)?.map((place) => `${id}/${place}`) ?? [id]);
}

function primaryUnit() {
  return selectedUnits().at(-1) ?? null;
}

function select(units, { mode = "replace" } = {}) {
  const chosen = new Map(mode === "replace" ? [] : selection.ids.map((id) => [id, selection.pieces.get(id) ?? null]));
  const before = mode === "toggle" ? new Set(selectedUnits()) : new Set();
  for (const unit of new Set(units)) {
    const id = fragmentOf(unit);
    if (!model.byId.has(id)) continue;
    const places = pieceOf(unit) ? placesOf(unit) : null;
    const had = chosen.get(id);
    chosen.delete(id);
    if (!before.has(places ? unit : id)) chosen.set(id, had && places ? [...new Set([...had, ...places])].sort((a, b) => a - b) : had === null ? null : places);
  }
  const names = selectedUnits();
  Object.assign(selection, { ids: [...chosen.keys()], pieces: new Map([...chosen].filter(([, places]) => places)) });
  const now = selectedUnits();
  if (now.length === names.length && now.every((unit, index) => unit === names[index])) return;
  emit("selection");
  drawOverlaySoon();
}

// Pieces that are no more cannot stay selected.
function forgetLostPieces() {
  const lost = [...selection.pieces].filter(([id, places]) => !places.every((place) => place <= piecesOf(id).length));
  lost.forEach(([id]) => selection.pieces.delete(id));
  if (lost.length) emit("selection");
}

function hover(ids) {
  if (ids.length === state.hovered.length && ids.every((id, index) => id === state.hovered[index])) return;
  state.hovered = ids;
  emit("hover");
  drawOverlaySoon();
}

// Make a fragment visible, and bring it into sight on the canvas and in the tree.
function reveal(id) {
  if (!isVisible(id) && !xray.on) setShown([id], true);
  bringIntoSight([id]);
  scrollToRow(id);
}

// Pan, and zoom out where it is too large, only if some of it lies outside.
function bringIntoSight(ids) {
  const box = extentOfAll(ids);
  if (!box || view.width < 2) return;
  const margin = 16;
  const [left, top] = toScreen(box[0], box[1]);
  const [right, bottom] = toScreen(box[2], box[3]);
  if (left >= margin && top >= margin && right <= view.width - margin && bottom <= view.height - margin) return;
  showBox(box, Math.min(view.scale, fitScale(box, 48)));
}

function zoomToSelection() {
  const box = extentOfAll(selectedUnits());
  if (box) showBox(box);
}
