// What the pointer does with fragments on the canvas. A gesture may have a `band`: the rubber band on the screen, or what is `carried`.

function startPointer() {
  connectPointer();
  ui.viewport.addEventListener("wheel", () => showTip([]), { passive: true });
  ui.viewport.addEventListener("contextmenu", onMenu);
  document.addEventListener("keydown", (event) => holdKey(event, true));
  document.addEventListener("keyup", (event) => holdKey(event, false));
  window.addEventListener("blur", () => holdSpace(false));
}

function pointerPressed() {}

function pointerMoved([x, y]) {
  if (state.tool === "cut") drawOverlaySoon();
  if (gesture || !state.canvas) return;
  const under = state.tool === "select" && !pointer.space ? fragmentsAt(x, y).map((id) => unitAt(id, x, y)) : [];
  hover(under.slice(0, 1));
  showTip(under);
}

function pointerLeft() {
  if (!gesture) hover([]);
  showTip([]);
}

// Click picks; dragging what is selected carries it to a class; dragging from anywhere else draws a rubber band.
function startGesture(event, at) {
  if (state.tool === "cut") return cutGesture();
  const held = outlineGesture(event);
  if (held) return held;
  const start = [pointer.x, pointer.y];
  const carries = !event.shiftKey && !event.ctrlKey && !event.metaKey && fragmentsAt(...at).some((id) => selection.ids.includes(id));
  return {
    band: null,
    carried: null,
    move(moved) {
      if (!this.band && !this.carried && isClick(start)) return;
      showTip([]);
      hover([]);
      if (carries) this.carried = carry(selectedUnits(), moved);
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

// Select what is under a click, or, with Shift or Ctrl, add it to what is selected.
function pick(event, [x, y]) {
  const stack = fragmentsAt(x, y);
  if (event.shiftKey || event.ctrlKey || event.metaKey) {
    if (stack.length) select([unitAt(stack[0], x, y)], { mode: "toggle" });
    return;
  }
  const picked = pickUnder(stack, primary(), event);
  select(picked === null ? [] : [unitAt(picked, x, y)]);
  if (picked !== null) scrollToRow(picked);
}

// The selected fragment gives way to the one below it where the pointer is.
function pickDeeper() {
  if (pointer.inside) pick({ altKey: true }, toSource(pointer.x, pointer.y));
}

function selectInBand([left, top, right, bottom], event) {
  const box = [...toSource(left, top), ...toSource(right, bottom)];
  const touched = model.meshes.filter(({ id }) => recordOf(id)?.visible && touches(id, box)).map((mesh) => mesh.id);
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
  const at = trackPointer(event);
  const [top] = fragmentsAt(...at);
  if (top !== undefined && !selection.ids.includes(top)) select([unitAt(top, ...at)]);
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
  forgetDraft();
  state.tool = tool;
  hover([]);
  refreshCursor();
  emit("look");
}

function refreshCursor() {
  const hand = pointer.space || state.tool === "hand";
  ui.viewport.style.cursor = !state.canvas ? "default" : gesture?.pan ? "grabbing" : gesture?.carried ? "copy" : hand ? "grab" : state.tool === "cut" ? "crosshair" : "default";
}
