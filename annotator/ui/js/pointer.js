// Pointer work on the canvas: mouse, pen and touch. One gesture at a time; a second finger pinches.

const CLICK_SLACK = 4; // CSS pixels
const TOOLS = ["select", "hand"];
const pointer = { x: 0, y: 0, inside: false, fingers: new Map(), space: false };
let gesture = null; // {move, up, cancel?, band?: rubber band on the screen}
let lastPick = { x: -99, y: -99, id: null };

function startPointer() {
  const listen = (name, act, options) => ui.viewport.addEventListener(name, act, options);
  listen("pointerdown", onPointerDown);
  listen("pointermove", onPointerMove);
  listen("pointerup", onPointerUp);
  listen("pointercancel", onPointerUp);
  listen("pointerleave", onPointerLeave);
  listen("wheel", onWheel, { passive: false });
  listen("auxclick", (event) => event.preventDefault());
  listen("contextmenu", onMenu);
  document.addEventListener("keydown", (event) => holdKey(event, true));
  document.addEventListener("keyup", (event) => holdKey(event, false));
  window.addEventListener("blur", () => holdSpace(false));
}

function trackPointer(event) {
  const frame = ui.viewport.getBoundingClientRect();
  pointer.x = event.clientX - frame.left;
  pointer.y = event.clientY - frame.top;
  return toSource(pointer.x, pointer.y);
}

function onPointerDown(event) {
  if (!state.canvas || event.target.closest("button, input")) return;
  ui.viewport.focus({ preventScroll: true });
  const at = trackPointer(event);
  if (event.pointerType === "touch") {
    pointer.fingers.set(event.pointerId, [pointer.x, pointer.y]);
    if (pointer.fingers.size === 2) {
      gesture?.cancel?.();
      gesture = pinchGesture();
      return;
    }
    if (pointer.fingers.size > 2) return;
  }
  if (gesture || event.button > 1) return;
  event.preventDefault();
  ui.viewport.setPointerCapture(event.pointerId);
  gesture = event.button === 1 || pointer.space || state.tool === "hand" ? panGesture() : selectGesture(event, at);
  refreshCursor();
}

function onPointerMove(event) {
  const previous = [pointer.x, pointer.y];
  const at = trackPointer(event);
  pointer.inside = true;
  if (event.pointerType === "touch" && pointer.fingers.has(event.pointerId)) pointer.fingers.set(event.pointerId, [pointer.x, pointer.y]);
  if (gesture) gesture.move(event, at, pointer.x - previous[0], pointer.y - previous[1]);
  else if (state.canvas) pointAt(at);
}

function pointAt([x, y]) {
  const under = state.tool === "select" && !pointer.space ? fragmentsAt(x, y) : [];
  hover(under.slice(0, 1));
  showTip(under);
}

function onPointerUp(event) {
  pointer.fingers.delete(event.pointerId);
  if (!gesture || (gesture.pinch && pointer.fingers.size > 0)) return;
  const done = gesture;
  gesture = null;
  if (event.type === "pointercancel") done.cancel?.();
  else done.up(event, trackPointer(event));
  refreshCursor();
  drawOverlaySoon();
}

function cancelGesture() {
  if (!gesture) return false;
  const done = gesture;
  gesture = null;
  done.cancel?.();
  refreshCursor();
  drawOverlaySoon();
  return true;
}

function onPointerLeave() {
  pointer.inside = false;
  if (!gesture) hover([]);
  showTip([]);
}

function onWheel(event) {
  if (!state.canvas) return;
  event.preventDefault();
  trackPointer(event);
  showTip([]);
  const unit = event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? view.height : 1;
  if (event.shiftKey && !event.ctrlKey) {
    panBy(-(event.deltaX || event.deltaY) * unit, 0);
    return;
  }
  const speed = event.ctrlKey ? 0.01 : 0.0016;
  zoomAt(pointer.x, pointer.y, view.scale * Math.exp(-clamp(event.deltaY * unit, -240, 240) * speed));
}

function panGesture() {
  return { pan: true, move: (_event, _at, dx, dy) => panBy(dx, dy), up() {} };
}

function pinchGesture() {
  let [one, two] = [...pointer.fingers.values()];
  return {
    pinch: true,
    move() {
      const [a, b] = [...pointer.fingers.values()];
      if (!a || !b) return;
      const spread = (p, q) => Math.max(Math.hypot(p[0] - q[0], p[1] - q[1]), 1);
      panBy((a[0] + b[0] - one[0] - two[0]) / 2, (a[1] + b[1] - one[1] - two[1]) / 2);
      zoomAt((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (view.scale * spread(a, b)) / spread(one, two));
      [one, two] = [a, b];
    },
    up() {},
  };
}

function isClick(start) {
  return Math.hypot(pointer.x - start[0], pointer.y - start[1]) < CLICK_SLACK;
}

// Click picks; dragging what is selected carries it to a class; dragging from anywhere else draws a rubber band.
function selectGesture(event, at) {
  const start = [pointer.x, pointer.y];
  const carries = !event.shiftKey && !event.ctrlKey && !event.metaKey && fragmentsAt(...at).some((id) => selection.ids.includes(id));
  return {
    band: null,
    carried: null,
    move(moved) {
      if (!this.band && !this.carried && isClick(start)) return;
      showTip([]);
      hover([]);
      if (carries) this.carried = carry(selection.ids, moved);
      else this.band = [Math.min(start[0], pointer.x), Math.min(start[1], pointer.y), Math.max(start[0], pointer.x), Math.max(start[1], pointer.y)];
      drawOverlaySoon();
    },
    up(up, to) {
      if (this.carried) dropCarried(up);
      else if (this.band) selectInBand(this.band, up);
      else pick(up, to);
    },
    cancel: endCarrying,
  };
}

// What is under a click: the topmost visible fragment; with Alt, or clicking again on the same spot, the next one below.
function pick(event, [x, y]) {
  const stack = fragmentsAt(x, y);
  if (event.shiftKey || event.ctrlKey || event.metaKey) {
    if (stack.length) select(stack.slice(0, 1), { mode: "toggle" });
    return;
  }
  const again = Math.hypot(pointer.x - lastPick.x, pointer.y - lastPick.y) < CLICK_SLACK;
  const current = stack.indexOf(primary());
  const deeper = (event.altKey || (again && lastPick.id === primary())) && current >= 0;
  const picked = stack.length ? stack[deeper ? (current + 1) % stack.length : 0] : null;
  lastPick = { x: pointer.x, y: pointer.y, id: picked };
  select(picked === null ? [] : [picked]);
  if (picked !== null) scrollToRow(picked);
}

// The selected fragment gives way to the one below it at its own most solid place, or where the pointer is.
function pickDeeper() {
  if (!pointer.inside) return;
  const at = toSource(pointer.x, pointer.y);
  lastPick = { x: pointer.x, y: pointer.y, id: primary() };
  pick({ altKey: true }, at);
}

function selectInBand([left, top, right, bottom], event) {
  const box = [...toSource(left, top), ...toSource(right, bottom)];
  const touched = model.meshes.filter(({ id }) => scene.records.get(id)?.visible && touches(id, box)).map((mesh) => mesh.id);
  select(touched, { mode: event.shiftKey || event.ctrlKey || event.metaKey ? "add" : "replace" });
}

// Whether any solid pixel of a fragment lies inside a box of the model.
function touches(id, box) {
  const layer = state.layers.get(id);
  if (layer?.picture?.status !== "ready" || !meets(layer.extent, box)) return false;
  const { width, height, values } = alphaOf(layer.picture);
  const [left, top, right, bottom] = layer.extent;
  const column = (x) => clamp(Math.floor(((x - left) / (right - left)) * width), 0, width - 1);
  const row = (y) => clamp(Math.floor(((y - top) / (bottom - top)) * height), 0, height - 1);
  const [first, last] = [column(box[0]), column(box[2])];
  for (let y = row(box[1]); y <= row(box[3]); y++) {
    for (let x = first; x <= last; x++) if (values[y * width + x] >= PICK_ALPHA) return true;
  }
  return false;
}

function onMenu(event) {
  event.preventDefault();
  if (!state.canvas) return;
  showTip([]);
  const [top] = fragmentsAt(...trackPointer(event));
  if (top !== undefined && !selection.ids.includes(top)) select([top]);
  openFragmentMenu(event.clientX, event.clientY);
}

function holdKey(event, down) {
  if (event.key !== " " || !isInSight()) return;
  const target = event.composedPath?.()[0] ?? event.target;
  if (down && (target !== ui.viewport && target !== document.body && !ui.centre.contains(target))) return;
  if (down && target.closest?.("button, input, select, textarea")) return;
  if (down) event.preventDefault();
  holdSpace(down);
}

function holdSpace(down) {
  if (pointer.space === down) return;
  pointer.space = down;
  showTip([]);
  refreshCursor();
}

function chooseTool(tool) {
  cancelGesture();
  state.tool = tool;
  hover([]);
  refreshCursor();
  emit("look");
}

function refreshCursor() {
  const hand = pointer.space || state.tool === "hand";
  ui.viewport.style.cursor = !state.canvas ? "default" : gesture?.pan ? "grabbing" : gesture?.carried ? "copy" : hand ? "grab" : "default";
}
