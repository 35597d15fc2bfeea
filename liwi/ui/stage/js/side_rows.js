// The rows that are no layers: the shadow, and the boxes that wait to be cut out.

function refreshShadowRow() {
  if (!state.shadow) {
    ui.shadowRow?.node.remove();
    ui.shadowRow = null;
    return;
  }
  ui.shadowRow ??= makeShadowRow();
  const { node, eye, note } = ui.shadowRow;
  if (ui.rows.firstChild !== node) ui.rows.prepend(node);
  const failed = [state.shadow.multiply, state.shadow.add].filter((picture) => picture?.status === "failed");
  const visible = state.doc.shadowVisible;
  node.classList.toggle("off", !visible);
  node.classList.toggle("failed", failed.length > 0);
  note.textContent = failed.length ? "picture did not load" : "shadow and light left over";
  eye.replaceChildren(icon(visible ? "eye" : "eyeOff"));
  nameButton(eye, visible ? "Hide the shadow" : "Show the shadow", "T");
  eye.setAttribute("aria-pressed", String(visible));
  ui.shadowRow.again.hidden = !failed.length;
}

function makeShadowRow() {
  const eye = make("button", "eye icon-button", { type: "button" });
  eye.addEventListener("click", toggleShadow);
  const note = make("span", "note");
  const again = iconButton("retry", "Load the shadow again", "", () => {
    for (const picture of [state.shadow.multiply, state.shadow.add]) if (picture?.status === "failed") retry(picture);
  }, "retry");
  const node = make("div", "row shadow-row", { role: "row", "aria-label": "Shadow" }, [
    make("div", "cell", { role: "gridcell" }, [eye]),
    make("div", "cell main", { role: "gridcell" }, [
      make("span", "thumb symbol", {}, [icon("shadow")]),
      make("div", "texts", {}, [make("span", "name", { text: "Shadow" }), note]),
    ]),
    make("div", "cell", { role: "gridcell" }, [again]),
  ]);
  return { node, eye, note, again };
}

function refreshPrompts() {
  const marks = state.doc.hints.length;
  ui.boxRows.replaceChildren(...state.doc.boxes.map(makeBoxRow));
  if (marks) ui.boxRows.append(makeMarksRow(marks));
  ui.boxRows.hidden = !state.doc.boxes.length && !marks;
  refreshActions();
  refreshLook();
}

function makeBoxRow(entry, index) {
  const [left, top, right, bottom] = entry.box;
  const label = make("span", "name", { text: entry.name || `Box ${index + 1}`, title: "Double-click to name the layer it will become" });
  const size = make("span", "note", { text: `${right - left} × ${bottom - top}` });
  const remove = iconButton("close", `Remove ${entry.name || `box ${index + 1}`}`, "Del", () => removeBox(entry.id));
  const chosen = entry.id === state.selectedBox;
  const row = make("div", `row box-row${chosen ? " selected" : ""}`, { role: "listitem", "data-box": entry.id }, [
    make("span", "thumb symbol", {}, [icon("box")]), make("div", "texts", {}, [label, size]), remove,
  ]);
  row.addEventListener("click", (event) => {
    if (event.target.closest("button, input")) return;
    if (event.detail === 2) nameBox(entry.id, row.querySelector(".name"));
    else if (state.selectedBox !== entry.id) selectBoxRow(entry.id);
  });
  return row;
}

// Mark the row without building it anew, so that the second click of a double-click meets the same row.
function selectBoxRow(id) {
  state.selectedBox = id;
  state.selected = [];
  for (const row of ui.boxRows.children) row.classList.toggle("selected", row.dataset.box === id);
  refreshPanel();
  drawOverlaySoon();
}

function nameBox(id, label) {
  const accept = (text) => {
    const name = text.trim().slice(0, MAX_NAME_LENGTH);
    if (name !== boxOf(id)?.name) commit("name a box", withBox(state.doc, id, { name }));
    return true;
  };
  editText(label, boxOf(id).name, "Name of the layer", accept, () => ui.viewport.focus());
}

function makeMarksRow(count) {
  const clear = iconButton("close", "Remove all marks", "", () => commit("remove marks", { ...state.doc, hints: [] }));
  const target = nextWork();
  const text = target?.kind === "recut" ? `to refine ${recordOf(target.id).name}` : "keep and drop";
  return make("div", "row box-row", { role: "listitem" }, [
    make("span", "thumb symbol", {}, [icon("keep")]),
    make("div", "texts", {}, [make("span", "name", { text: `${count} mark${count > 1 ? "s" : ""}` }), make("span", "note", { text, title: text })]),
    clear,
  ]);
}
