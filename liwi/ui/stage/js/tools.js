// What the pointer does with each tool. A gesture may have a `draft`: the box being drawn, or a `hint`: the stroke being drawn.

function startGesture(event, at) {
  if (state.tool === "box") return boxGesture(event, at);
  if (state.tool === "keep" || state.tool === "drop") return hintGesture(at);
  return moveGesture(event, at);
}

function pointerPressed() {
  state.crosshair = null;
}

function pointerMoved(at) {
  if (!gesture && state.canvas) hoverAt(at);
  showPosition(at);
  if (state.tool === "keep" || state.tool === "drop") drawOverlaySoon();
}

function pointerLeft() {
  if (!gesture) hover(null);
  showPosition(null);
  drawOverlaySoon();
}

function hoverAt([x, y]) {
  if (state.tool === "box" || state.tool === "move") hover(topLayerAt(x, y));
  else hover(null);
  refreshCursor([x, y]);
}

// The part of a box under the cursor: {id, part: handle name | "edge" | "inside"}; the selected box first.
function boxAt(x, y) {
  const { slack } = pointer;
  const ordered = [...state.doc.boxes].reverse().sort((a, b) => (b.id === state.selectedBox) - (a.id === state.selectedBox));
  for (const entry of ordered) {
    if (entry.id === state.selectedBox) {
      for (const [part, [hx, hy]] of handlePoints(entry.box)) {
        if (Math.abs(x - hx) <= slack + 1 && Math.abs(y - hy) <= slack + 1) return { id: entry.id, part };
      }
    }
    const [left, top, width, height] = screenBox(entry.box);
    const near = x > left - slack && x < left + width + slack && y > top - slack && y < top + height + slack;
    const deep = x > left + slack && x < left + width - slack && y > top + slack && y < top + height - slack;
    if (near && !deep) return { id: entry.id, part: "edge" };
    if (deep && entry.id === state.selectedBox) return { id: entry.id, part: "inside" };
  }
  return null;
}

function boxGesture(event, at) {
  const start = [pointer.x, pointer.y];
  const hit = event.shiftKey ? null : boxAt(pointer.x, pointer.y);
  if (hit) return editBoxGesture(hit, at, start);
  return {
    draft: null,
    move(_event, to) {
      if (!this.draft && isClick(start)) return;
      this.draft = tidyBox(...at, ...to);
      drawOverlaySoon();
    },
    up(up, to) {
      if (this.draft) addBox(tidyBox(...at, ...to));
      else clickCanvas(up, to);
    },
  };
}

function editBoxGesture({ id, part }, at, start) {
  selectBox(id);
  const before = state.doc;
  const original = boxOf(id).box;
  const moves = part === "edge" || part === "inside";
  return {
    move(_event, to) {
      if (isClick(start) && state.doc === before) return;
      const box = moves ? movedBox(original, to[0] - at[0], to[1] - at[1]) : resizedBox(original, part, to);
      setDoc(withBox(before, id, { box }));
    },
    up: () => commit(moves ? "move a box" : "resize a box", state.doc, before),
    cancel: () => setDoc(before),
  };
}

function resizedBox(box, part, [x, y]) {
  const [left, top, right, bottom] = box;
  return tidyBox(
    part.includes("w") ? Math.min(x, right - MIN_BOX) : left, part.includes("n") ? Math.min(y, bottom - MIN_BOX) : top,
    part.includes("e") ? Math.max(x, left + MIN_BOX) : right, part.includes("s") ? Math.max(y, top + MIN_BOX) : bottom,
  );
}

function hintGesture(at) {
  const kind = state.tool;
  const radius = state.brush;
  const hint = { kind, radius, path: [hintPoint(...at)] };
  return {
    hint,
    move(_event, to) {
      const [x, y] = hint.path.at(-1);
      const point = hintPoint(...to);
      if (Math.hypot(point[0] - x, point[1] - y) >= Math.max(1, radius / 3) && hint.path.length < MAX_PATH_POINTS) hint.path.push(point);
      drawOverlaySoon();
    },
    up: () => addHint(kind, hint.path, radius),
  };
}

// Click picks; dragging a layer moves it aside. The background stays: dragging it pans.
function moveGesture(event, at) {
  const start = [pointer.x, pointer.y];
  const before = state.doc;
  const top = topLayerAt(...at);
  const movable = (id) => !recordOf(id).locked && state.layers.get(id).role !== "background";
  let ids = null;
  return {
    move(_event, to, dx, dy) {
      if (!ids) {
        if (isClick(start)) return;
        if (!top || !movable(top)) ids = [];
        else {
          if (!state.selected.includes(top)) select([top]);
          ids = state.selected.filter(movable);
        }
        if (!ids.length) panBy(pointer.x - start[0] - dx, pointer.y - start[1] - dy);
      }
      if (!ids.length) panBy(dx, dy);
      else setDoc(offsetLayers(before, ids, to[0] - at[0], to[1] - at[1]));
    },
    up(up, to) {
      if (!ids) clickCanvas(up, to);
      else if (ids.length) commit("move aside", state.doc, before);
      refreshActions();
    },
    cancel: () => setDoc(before),
  };
}

function offsetLayers(doc, ids, dx, dy) {
  const offsets = { ...doc.offsets };
  for (const id of ids) {
    const [x, y] = doc.offsets[id] ?? [0, 0];
    offsets[id] = [Math.round(x + dx), Math.round(y + dy)];
    if (!offsets[id][0] && !offsets[id][1]) delete offsets[id];
  }
  return { ...doc, offsets };
}

function putBack() {
  if (Object.keys(state.doc.offsets).length) commit("put back", { ...state.doc, offsets: {} });
}

// Select what is under a click, or, with Shift or Ctrl, add it to what is selected.
function clickCanvas(event, [x, y]) {
  const stack = layersAt(x, y);
  if (event.shiftKey || event.ctrlKey || event.metaKey) {
    if (!stack.length) return;
    const chosen = new Set(state.selected);
    if (!chosen.delete(stack[0])) chosen.add(stack[0]);
    return select([...chosen]);
  }
  const picked = pickUnder(stack, state.selected[0], event);
  select(picked ? [picked] : []);
  if (!picked) selectBox(null);
}

const HANDLE_CURSORS = {
  nw: "nwse-resize", se: "nwse-resize", ne: "nesw-resize", sw: "nesw-resize", n: "ns-resize", s: "ns-resize", e: "ew-resize",
  w: "ew-resize", edge: "move", inside: "move",
};

function refreshCursor(at = null) {
  let cursor = "default";
  if (!state.canvas) cursor = "default";
  else if (gesture?.pan) cursor = "grabbing";
  else if (pointer.space || state.tool === "hand") cursor = "grab";
  else if (state.tool === "box") cursor = HANDLE_CURSORS[boxAt(pointer.x, pointer.y)?.part] ?? "crosshair";
  else if (state.tool === "keep" || state.tool === "drop") cursor = "none";
  else if (at && state.hovered && state.layers.get(state.hovered)?.role !== "background") cursor = "move";
  ui.viewport.style.cursor = cursor;
}

function chooseTool(tool) {
  if (!STAGE_TOOLS.includes(tool)) return;
  cancelGesture();
  state.tool = tool;
  state.crosshair = null;
  refreshToolbar();
  say("");
  refreshCursor();
  drawOverlaySoon();
}
