// One row of the layer panel: eye, thumbnail, name, lock; dragging over eyes; dragging rows; renaming.

const THUMB = 36; // CSS pixels

function makeRow(id) {
  const eye = make("button", "eye icon-button", { type: "button", "data-eye": id });
  const thumb = make("canvas", "thumb", { width: THUMB * 2, height: THUMB * 2, "aria-hidden": "true" });
  const name = make("span", "name");
  const note = make("span", "note");
  const again = iconButton("retry", "Load this layer's picture again", "", () => retry(state.layers.get(id).picture), "retry");
  const lock = make("button", "lock icon-button", { type: "button" });
  const grip = make("span", "grip", { "aria-hidden": "true", title: "Drag to reorder" }, [icon("grip")]);
  const cells = [
    make("div", "cell", { role: "gridcell" }, [eye]),
    make("div", "cell main", { role: "gridcell" }, [thumb, make("div", "texts", {}, [name, note])]),
    make("div", "cell", { role: "gridcell" }, [again, lock, grip]),
  ];
  const node = make("div", "row", { role: "row", tabindex: -1, "data-id": id }, cells);
  const row = { id, node, eye, thumb, name, note, again, lock, drawn: "", shown: [] };
  eye.addEventListener("pointerdown", (event) => startEyeDrag(event, id));
  eye.addEventListener("click", (event) => { // from the keyboard; the pointer has done its work by then
    if (event.detail === 0) event.altKey ? solo(id) : toggleVisible([id]);
  });
  lock.addEventListener("click", () => toggleLock([id]));
  node.addEventListener("pointerdown", (event) => startRowPress(event, id));
  node.addEventListener("pointerenter", () => hover(id));
  node.addEventListener("pointerleave", () => hover(null));
  node.addEventListener("focus", () => { rovingId = id; refreshRovingFocus(); });
  node.addEventListener("dblclick", (event) => { if (!event.target.closest("button, input")) startRename(id); });
  return row;
}

function fillRow(row, record) {
  const layer = state.layers.get(record.id);
  const failed = layer?.picture?.status === "failed";
  const chosen = state.selected.includes(record.id);
  const moved = Boolean(state.doc.offsets[record.id]);
  const shown = [record, layer, layer?.picture?.status, chosen, moved];
  if (shown.every((part, index) => part === row.shown[index])) return;
  const old = row.shown[0];
  row.shown = shown;
  row.node.setAttribute("aria-selected", String(chosen));
  row.node.classList.toggle("selected", chosen);
  row.node.classList.toggle("off", !record.visible);
  row.node.classList.toggle("failed", failed);
  row.node.classList.toggle("is-locked", record.locked);
  if (row.name.textContent !== record.name) row.name.textContent = record.name;
  row.name.title = record.name;
  row.node.setAttribute("aria-label", record.name);
  row.again.hidden = !failed;
  row.note.textContent = failed ? "picture did not load" : rowNote(record, layer, moved);
  if (old?.visible !== record.visible) row.eye.replaceChildren(icon(record.visible ? "eye" : "eyeOff"));
  if (old?.locked !== record.locked) row.lock.replaceChildren(icon(record.locked ? "lock" : "unlock"));
  nameButton(row.eye, `${record.visible ? "Hide" : "Show"} ${record.name}`, "drag over several; Alt-click: this one alone");
  row.eye.setAttribute("aria-pressed", String(record.visible));
  nameButton(row.lock, `${record.locked ? "Unlock" : "Lock"} ${record.name}`, "L");
  row.lock.setAttribute("aria-pressed", String(record.locked));
  drawThumb(row, layer);
}

function rowNote(record, layer, moved) {
  const notes = [];
  if (record.opacity < 1) notes.push(`${Math.round(record.opacity * 100)} %`);
  if (record.blend !== "normal") notes.push(BLEND_LABELS[record.blend]);
  if (moved) notes.push("moved aside");
  if (!layer?.extent) notes.push("empty");
  if (!notes.length && layer?.role === "background") notes.push("background");
  return notes.join(" · ");
}

function drawThumb(row, layer) {
  const picture = layer?.picture;
  const key = `${picture?.url} ${picture?.status}`;
  if (row.drawn === key) return;
  row.drawn = key;
  const context = row.thumb.getContext("2d");
  const side = THUMB * 2;
  context.clearRect(0, 0, side, side);
  if (picture?.status !== "ready" || !layer.extent) return;
  const [width, height] = [layer.extent[2] - layer.extent[0], layer.extent[3] - layer.extent[1]];
  const scale = side / Math.max(width, height);
  const [w, h] = [Math.max(1, width * scale), Math.max(1, height * scale)];
  context.drawImage(levelFor(picture, w / picture.levels[0].width), (side - w) / 2, (side - h) / 2, w, h);
}

// One row is reachable by Tab, the others by the arrow keys.
let rovingId = null;

function refreshRovingFocus() {
  if (!rows.has(rovingId)) rovingId = state.selected.at(-1) ?? state.doc.panel.at(-1)?.id ?? null;
  for (const [id, row] of rows) row.node.tabIndex = id === rovingId ? 0 : -1;
}

function followPointer(event, { move, up }) {
  const target = event.currentTarget;
  target.setPointerCapture(event.pointerId);
  const onMove = (moved) => move(moved);
  const onEnd = (ended) => {
    target.removeEventListener("pointermove", onMove);
    target.removeEventListener("pointerup", onEnd);
    target.removeEventListener("pointercancel", onEnd);
    up(ended);
  };
  target.addEventListener("pointermove", onMove);
  target.addEventListener("pointerup", onEnd);
  target.addEventListener("pointercancel", onEnd);
}

// Press on an eye and drag over others: all take the state of the first. One step in history.
function startEyeDrag(event, id) {
  if (event.button !== 0) return;
  event.stopPropagation();
  if (event.altKey) return solo(id);
  const before = state.doc;
  const visible = !recordOf(id).visible;
  const paint = (one) => {
    if (recordOf(one) && recordOf(one).visible !== visible) setDoc(withRecords(state.doc, [one], () => ({ visible })));
  };
  let lastY = event.clientY;
  paint(id);
  followPointer(event, {
    move(moved) {
      const [low, high] = [Math.min(lastY, moved.clientY), Math.max(lastY, moved.clientY)];
      lastY = moved.clientY;
      for (const row of rows.values()) {
        const frame = row.node.getBoundingClientRect();
        if (frame.bottom > low && frame.top < high) paint(row.id);
      }
    },
    up: () => commit(visible ? "show" : "hide", state.doc, before),
  });
}

function startRowPress(event, id) {
  if (event.button !== 0 || event.target.closest("button, input")) return;
  const wasSelected = state.selected.includes(id);
  const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey;
  if (!wasSelected || !plain) selectRow(id, event);
  else anchor = id;
  rovingId = id;
  if (event.pointerType === "touch" && !event.target.closest(".grip")) return;
  const start = event.clientY;
  let drag = null;
  followPointer(event, {
    move(moved) {
      if (!drag && Math.abs(moved.clientY - start) > 5 && editableSelection().includes(id)) drag = startReorder();
      drag?.move(moved.clientY);
    },
    up(ended) {
      if (drag) drag.end(ended.type === "pointerup");
      else if (wasSelected && plain) select([id], { scroll: false });
    },
  });
}

function startReorder() {
  const ids = editableSelection();
  const line = make("div", "drop-line");
  ui.rows.append(line);
  ui.rows.classList.add("dragging");
  for (const id of ids) rows.get(id).node.classList.add("dragged");
  let before = null; // the row that the dragged ones would stand above
  return {
    move(y) {
      const frame = ui.rows.getBoundingClientRect();
      if (y < frame.top + 24) ui.rows.scrollTop -= 12;
      else if (y > frame.bottom - 24) ui.rows.scrollTop += 12;
      const nodes = [...ui.rows.querySelectorAll(".row[data-id]")];
      before = nodes.find((node) => y < node.getBoundingClientRect().top + node.offsetHeight / 2) ?? null;
      const edge = before ? before.offsetTop : nodes.at(-1).offsetTop + nodes.at(-1).offsetHeight;
      line.style.top = `${edge - 1}px`;
    },
    end(drop) {
      line.remove();
      ui.rows.classList.remove("dragging");
      for (const id of ids) rows.get(id)?.node.classList.remove("dragged");
      if (!drop) return;
      const others = state.doc.panel.filter((record) => !ids.includes(record.id));
      const order = state.doc.panel.map((record) => record.id);
      // Rows stand front to back: everything below the line stays behind the dragged layers.
      const limit = before ? order.indexOf(before.dataset.id) : -1;
      reorder(ids, others.filter((record) => order.indexOf(record.id) <= limit).length);
    },
  };
}

function startRename(id) {
  const row = rows.get(id);
  if (!row || row.node.querySelector("input")) return;
  if (recordOf(id).locked) return say("This layer is locked. Unlock it to rename it.");
  editText(row.name, recordOf(id).name, "Layer name", (text) => rename(id, text), () => row.node.focus());
}

// Replace a label by an input until Enter, Escape or a click elsewhere. `accept` returns false where the text cannot be taken.
function editText(label, text, title, accept, done) {
  const input = make("input", "rename", { type: "text", maxlength: MAX_NAME_LENGTH, "aria-label": title });
  input.value = text;
  label.hidden = true;
  label.after(input);
  let open = true;
  const close = () => {
    open = false;
    input.remove();
    label.hidden = false;
  };
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && accept(input.value)) close();
    else if (event.key === "Enter") {
      input.setAttribute("aria-invalid", "true");
      input.title = "A name cannot be empty";
      return;
    } else return;
    event.preventDefault();
    done();
  });
  input.addEventListener("pointerdown", (event) => event.stopPropagation());
  input.addEventListener("dblclick", (event) => event.stopPropagation());
  input.addEventListener("input", () => input.removeAttribute("aria-invalid"));
  input.addEventListener("blur", () => {
    if (!open) return;
    accept(input.value);
    close();
  });
  input.focus();
  input.select();
}
