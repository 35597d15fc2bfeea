// The layer panel: blend and opacity of the selection on top, then rows front to back, then actions.

const rows = new Map(); // layer id -> row parts
let soloed = null;      // {id, before: visibility by id, shadow}

function buildPanel() {
  ui.blend = make("select", "blend", { "aria-label": "Blend mode", title: "How the layer meets what lies below it" });
  for (const [mode, label] of Object.entries(BLEND_LABELS)) ui.blend.append(make("option", "", { value: mode, text: label }));
  ui.blend.addEventListener("change", () => {
    commit("blend mode", withRecords(state.doc, editableSelection(), () => ({ blend: ui.blend.value })));
  });
  ui.opacity = make("input", "opacity", { type: "range", min: 0, max: 100, step: 1, "aria-label": "Opacity", title: "Opacity of the selected layers" });
  ui.opacityText = make("output", "opacity-text", { text: "100 %" });
  let before = null;
  ui.opacity.addEventListener("input", () => {
    before ??= state.doc;
    setDoc(withRecords(state.doc, editableSelection(), () => ({ opacity: ui.opacity.value / 100 })));
  });
  ui.opacity.addEventListener("change", () => {
    if (before) commit("opacity", state.doc, before);
    before = null;
  });
  ui.count = make("span", "count");
  ui.rows = make("div", "rows", { role: "grid", "aria-label": "Layers, front to back", "aria-multiselectable": "true" });
  ui.boxRows = make("div", "box-rows", { role: "list", "aria-label": "Boxes to cut out" });
  ui.refine = iconButton("brush", "Refine the layer with keep and drop marks", "K", () => chooseTool("keep"));
  ui.putBack = iconButton("putBack", "Put moved layers back", "P", putBack);
  ui.raise = iconButton("up", "Bring forward", "Alt+↑", () => reorderSelected(1));
  ui.lower = iconButton("down", "Send backward", "Alt+↓", () => reorderSelected(-1));
  ui.remove = iconButton("trash", "Delete", "Del", deleteSelected);
  ui.panel = make("section", "panel", { "aria-label": "Layers" }, [
    make("header", "panel-head", {}, [make("h3", "", { text: "Layers" }), ui.count]),
    make("div", "look", {}, [ui.blend, make("label", "opacity-box", {}, [ui.opacity, ui.opacityText])]),
    ui.boxRows,
    ui.rows,
    make("footer", "panel-foot", {}, [...(STAGE_TOOLS.includes("keep") ? [ui.refine] : []), ui.putBack, make("span", "space"), ui.lower, ui.raise, ui.remove]),
  ]);
  return ui.panel;
}

function editableSelection() {
  return state.selected.filter((id) => !recordOf(id)?.locked);
}

// Bring the rows in line with the document: existing rows are kept, so that focus, hover and scrolling survive.
function refreshPanel() {
  const wanted = [...state.doc.panel].reverse();
  const ids = new Set(wanted.map((record) => record.id));
  for (const [id, row] of rows) {
    if (ids.has(id)) continue;
    row.node.remove();
    rows.delete(id);
  }
  refreshShadowRow();
  let place = ui.shadowRow?.node ?? null;
  for (const record of wanted) {
    const row = rows.get(record.id) ?? makeRow(record.id);
    rows.set(record.id, row);
    const next = place ? place.nextSibling : ui.rows.firstChild;
    if (row.node !== next) ui.rows.insertBefore(row.node, next);
    place = row.node;
    fillRow(row, record);
  }
  refreshRovingFocus();
  refreshLook();
}

function refreshLook() {
  const ids = editableSelection();
  const first = ids.length ? recordOf(ids.at(-1)) : null;
  ui.blend.disabled = ui.opacity.disabled = !first;
  ui.blend.value = first?.blend ?? "normal";
  const percent = Math.round((first?.opacity ?? 1) * 100);
  if (Number(ui.opacity.value) !== percent) ui.opacity.value = percent;
  ui.opacityText.textContent = `${percent} %`;
  ui.opacity.style.setProperty("--filled", `${percent}%`);
  const count = state.doc.panel.length;
  ui.count.textContent = count ? (state.selected.length > 1 ? `${state.selected.length} of ${count}` : String(count)) : "";
  const deletable = state.selectedBox || state.selected.some((id) => !recordOf(id).locked && state.layers.get(id)?.role !== "background");
  ui.remove.disabled = !deletable;
  ui.raise.disabled = ui.lower.disabled = !state.selected.length;
  ui.putBack.disabled = !Object.keys(state.doc.offsets).length;
  ui.refine.disabled = !layerToRefine() && !state.doc.boxes.length;
}

function toggleVisible(ids) {
  if (!ids.length) return;
  const visible = !recordOf(ids[0]).visible;
  commit(visible ? "show" : "hide", withRecords(state.doc, ids, () => ({ visible })));
}

function toggleLock(ids) {
  if (!ids.length) return;
  const locked = !recordOf(ids[0]).locked;
  commit(locked ? "lock" : "unlock", withRecords(state.doc, ids, () => ({ locked })));
}

function toggleShadow() {
  if (state.shadow) commit("shadow", { ...state.doc, shadowVisible: !state.doc.shadowVisible });
}

// Show one layer alone; asked again for the same layer, bring back what was visible before.
function solo(id) {
  const isAlone = (one) => state.doc.panel.every((record) => record.visible === (record.id === one));
  if (isAlone(id)) {
    const before = soloed?.id === id ? soloed : { shown: new Map(), shadow: true };
    const panel = state.doc.panel.map((record) => Object.freeze({ ...record, visible: before.shown.get(record.id) ?? true }));
    commit("end solo", { ...state.doc, panel, shadowVisible: before.shadow });
    return;
  }
  if (soloed && isAlone(soloed.id)) soloed = { ...soloed, id }; // from one alone to another: remember what was there before the first
  else soloed = { id, shown: new Map(state.doc.panel.map((record) => [record.id, record.visible])), shadow: state.doc.shadowVisible };
  const panel = state.doc.panel.map((record) => Object.freeze({ ...record, visible: record.id === id }));
  commit("solo", { ...state.doc, panel, shadowVisible: false });
}

// Move layers so that they stand together at `place`, counted from the back among the others.
function reorder(ids, place) {
  const moving = state.doc.panel.filter((record) => ids.includes(record.id));
  const others = state.doc.panel.filter((record) => !ids.includes(record.id));
  const panel = [...others.slice(0, place), ...moving, ...others.slice(place)];
  if (panel.every((record, index) => record === state.doc.panel[index])) return;
  commit("reorder", { ...state.doc, panel });
}

function reorderSelected(direction) {
  const ids = editableSelection();
  if (!ids.length) return;
  const indices = ids.map((id) => state.doc.panel.findIndex((record) => record.id === id));
  const others = state.doc.panel.filter((record) => !ids.includes(record.id));
  const edge = direction > 0 ? Math.max(...indices) - ids.length + 1 : Math.min(...indices);
  reorder(ids, clamp(edge + direction, 0, others.length));
  scrollToRow(ids[0]);
}

function rename(id, text) {
  const name = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "").trim().slice(0, MAX_NAME_LENGTH).trim();
  if (!name) return false;
  if (name !== recordOf(id).name) commit("rename", withRecords(state.doc, [id], () => ({ name })));
  return true;
}

// Select rows as file lists do: plain, with Ctrl one more, with Shift up to here.
let anchor = null;

function selectRow(id, event) {
  if (event.shiftKey && anchor && recordOf(anchor)) {
    const order = state.doc.panel.map((record) => record.id);
    const [from, to] = [order.indexOf(anchor), order.indexOf(id)].sort((a, b) => a - b);
    return select([...order.slice(from, to + 1).filter((one) => one !== id), id]);
  }
  anchor = id;
  if (event.ctrlKey || event.metaKey) {
    const others = state.selected.filter((one) => one !== id);
    return select(others.length < state.selected.length ? others : [...others, id]);
  }
  return select([id]);
}

function scrollToRow(id) {
  const row = rows.get(id)?.node;
  if (!row) return;
  const [list, item] = [ui.rows.getBoundingClientRect(), row.getBoundingClientRect()];
  if (item.top < list.top) ui.rows.scrollTop -= list.top - item.top;
  else if (item.bottom > list.bottom) ui.rows.scrollTop += item.bottom - list.bottom;
}

function markHoveredRow(id) {
  for (const [rowId, row] of rows) row.node.classList.toggle("hovered", rowId === id);
}
