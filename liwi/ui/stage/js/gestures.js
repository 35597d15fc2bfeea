// Mouse, pen and touch on the picture, through pointer events. One gesture at a time; a second finger pinches.
// Whose picture it is says what they mean: `startGesture(event, at)`, `pointerPressed()`, `pointerMoved(at)`, `pointerLeft()`, `refreshCursor()`.

const CLICK_SLACK = 4;  // CSS pixels
const pointer = { x: 0, y: 0, inside: false, fingers: new Map(), space: false, slack: 7 }; // slack: how near an edge is "on" it
let gesture = null;     // {move, up, cancel?, and what the overlay draws of it}
let lastPick = { x: -99, y: -99, id: null };

function connectPointer() {
  const listen = (name, act, options) => ui.viewport.addEventListener(name, act, options);
  listen("pointerdown", onPointerDown);
  listen("pointermove", onPointerMove);
  listen("pointerup", onPointerUp);
  listen("pointercancel", onPointerUp);
  listen("pointerleave", onPointerLeave);
  listen("wheel", onWheel, { passive: false });
  listen("auxclick", (event) => event.preventDefault());
}

function trackPointer(event) {
  const frame = ui.viewport.getBoundingClientRect();
  pointer.x = event.clientX - frame.left;
  pointer.y = event.clientY - frame.top;
  return toSource(pointer.x, pointer.y);
}

function onPointerDown(event) {
  if (!state.canvas || event.target.closest("button, input, [role=slider]")) return;
  ui.viewport.focus({ preventScroll: true });
  const at = trackPointer(event);
  pointerPressed();
  pointer.slack = event.pointerType === "touch" ? 16 : 7;
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
  gesture = event.button === 1 || pointer.space || state.tool === "hand" ? panGesture() : startGesture(event, at);
  refreshCursor();
}

function onPointerMove(event) {
  const previous = [pointer.x, pointer.y];
  const at = trackPointer(event);
  pointer.inside = true;
  if (event.pointerType === "touch" && pointer.fingers.has(event.pointerId)) pointer.fingers.set(event.pointerId, [pointer.x, pointer.y]);
  gesture?.move(event, at, pointer.x - previous[0], pointer.y - previous[1]);
  pointerMoved(at);
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

function onPointerLeave() {
  pointer.inside = false;
  pointerLeft();
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

function onWheel(event) {
  if (!state.canvas) return;
  event.preventDefault();
  trackPointer(event);
  const unit = event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? view.height : 1;
  if (event.shiftKey && !event.ctrlKey) return panBy(-(event.deltaX || event.deltaY) * unit, 0);
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

// Which of those under a click (topmost first) is picked: the topmost; with Alt, or clicking again on the same spot, the one below `current`.
function pickUnder(stack, current, event) {
  const again = Math.hypot(pointer.x - lastPick.x, pointer.y - lastPick.y) < CLICK_SLACK;
  const place = stack.indexOf(current);
  const deeper = (event.altKey || (again && lastPick.id === current)) && place >= 0;
  const picked = stack.length ? stack[deeper ? (place + 1) % stack.length : 0] : null;
  lastPick = { x: pointer.x, y: pointer.y, id: picked };
  return picked;
}
