// What is selected. The last of the list is the primary one: inspector, tours and previews speak of it.

const selection = { ids: [] };

function forgetSelection() {
  if (!selection.ids.length) return;
  selection.ids = [];
  emit("selection");
}

function primary() {
  return selection.ids.at(-1) ?? null;
}

function select(ids, { mode = "replace" } = {}) {
  const wanted = [...new Set(ids)].filter((id) => model.byId.has(id));
  const chosen = new Set(mode === "replace" ? [] : selection.ids);
  for (const id of wanted) {
    const had = chosen.delete(id);
    if (mode !== "toggle" || !had) chosen.add(id);
  }
  const next = [...chosen];
  if (next.length === selection.ids.length && next.every((id, index) => id === selection.ids[index])) return;
  selection.ids = next;
  emit("selection");
  drawOverlaySoon();
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
  const box = extentOfAll(selection.ids);
  if (box) showBox(box);
}
