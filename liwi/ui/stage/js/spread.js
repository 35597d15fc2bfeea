// Two views of layers that have a depth (a character's parts), neither an edit. Spread apart: outwards from the middle, and the nearer the
// further to the right and up. In greys: white the nearest.

const SPREAD_OUT = 0.55;    // how far a layer moves outwards, as a share of its distance from the middle
const SPREAD_DEPTH = 1.0;   // how far apart the nearest and the farthest move, as a share of the figure's height
const SPREAD_MS = 260;

function spreadable() {
  return state.doc.panel.map((record) => record.id).filter((id) => state.layers.get(id)?.depth !== null && state.layers.get(id)?.extent);
}

function spreadOffsets(share) {
  const ids = spreadable();
  const boxes = ids.map((id) => state.layers.get(id).extent);
  const whole = boxes.reduce(union, null);
  const [middleX, middleY] = [(whole[0] + whole[2]) / 2, (whole[1] + whole[3]) / 2];
  const offsets = {};
  ids.forEach((id, place) => {
    const [left, top, right, bottom] = boxes[place];
    const depth = (ids.length > 1 ? place / (ids.length - 1) - 0.5 : 0) * SPREAD_DEPTH * (whole[3] - whole[1]);
    const x = ((left + right) / 2 - middleX) * SPREAD_OUT + depth;
    const y = ((top + bottom) / 2 - middleY) * SPREAD_OUT - depth * 0.2;
    offsets[id] = [Math.round(x * share), Math.round(y * share)];
  });
  return offsets;
}

function isSpread() {
  const ids = spreadable();
  return ids.length > 1 && ids.filter((id) => state.doc.offsets[id]).length > ids.length / 2;
}

function toggleSpread() {
  if (!state.canvas || state.busy) return;
  const before = state.doc;
  const together = isSpread();
  if (!together && !spreadable().length) return;
  const to = together ? {} : spreadOffsets(1);
  const ids = new Set([...Object.keys(before.offsets), ...Object.keys(to)]);
  const began = performance.now();
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (!together) showBox([...spreadable()].map((id) => shifted(state.layers.get(id).extent, to[id])).concat([canvasBox()]).reduce(union, null));
  const move = (now) => {
    const time = still ? 1 : clamp((now - began) / SPREAD_MS, 0, 1);
    if (state.doc.panel !== before.panel) return; // somebody went on
    if (time >= 1) {
      commit(together ? "put back" : "spread apart", { ...state.doc, offsets: to }, before);
      if (together) fitView();
      refreshActions();
      return;
    }
    const share = 1 - (1 - time) ** 3;
    const offsets = {};
    for (const id of ids) {
      const [from, end] = [before.offsets[id] ?? [0, 0], to[id] ?? [0, 0]];
      offsets[id] = [0, 1].map((axis) => Math.round(from[axis] + (end[axis] - from[axis]) * share));
    }
    setDoc({ ...state.doc, offsets });
    requestAnimationFrame(move);
  };
  requestAnimationFrame(move);
}

function hasDepth(manifest) {
  return Boolean(manifest.layers?.some((layer) => layer.depth_url && layer.role !== "background"));
}

function toggleDepth() {
  if (!state.canvas || !hasDepth(state.manifest)) return;
  state.depthView = !state.depthView;
  adoptPictures(state.manifest);
  invalidate(null);
  refreshPanel();
  refreshActions();
  say(state.depthView ? "Depth: white is the nearest" : "");
}
