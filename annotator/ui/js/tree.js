// The tree on the left: only the rows in sight are nodes, so that 600 fragments cost no more than 30. The focus stays on the tree
// itself; `aria-activedescendant` names the row.

const ROW = 28;    // CSS pixels
const SPARE = 6;   // rows beyond the edges
let treeFrame = 0;
let rowNodes = new Map(); // key of a row in sight -> {looks, node}

function buildTree() {
  ui.treeRows = make("div", "tree-rows", { role: "presentation" });
  ui.tree = make("div", "tree", { role: "tree", tabindex: 0, "aria-multiselectable": "true" }, [ui.treeRows]);
  word(ui.tree, "tree.name", {}, "aria-label");
  ui.tree.addEventListener("scroll", drawTreeSoon, { passive: true });
  startTreePointer();
  ui.tree.addEventListener("keydown", onTreeKey);
  ui.tree.addEventListener("focus", drawTreeSoon);
  new ResizeObserver(drawTreeSoon).observe(ui.tree);
  return make("div", "tree-column", {}, [buildSearch(), buildTreeBar(), ui.tree]);
}

function buildTreeBar() {
  ui.grouping = Object.fromEntries(["class", "part"].map((by) => {
    const button = word(make("button", "segment", { type: "button" }), `tree.by_${by}`);
    button.addEventListener("click", () => setGrouping(by));
    return [by, button];
  }));
  ui.treeCount = make("span", "tree-count");
  return make("div", "tree-bar", {}, [
    make("div", "segments", { role: "group" }, Object.values(ui.grouping)), ui.treeCount,
    symbolButton("unfold", "tree.open_all", () => setAllOpen(true)), symbolButton("foldUp", "tree.close_all", () => setAllOpen(false)),
  ]);
}

function startTree() {
  on("model", () => {
    searchFor(ui.searchField.value);
    reloadTree();
  });
  on("labels", reloadTree);
  on("language", reloadTree);
  on("visibility", drawTreeSoon);
  on("selection", drawTreeSoon);
  on("hover", markHovered);
  on("drawn", drawTreeSoon);
}

function reloadTree() {
  refreshGroups();
  refreshTree();
}

function refreshTree() {
  refreshRows();
  for (const [by, button] of Object.entries(ui.grouping)) button.setAttribute("aria-pressed", String(tree.by === by));
  const num = model.meshes.filter((mesh) => isLabelled(mesh.id)).length;
  ui.treeCount.textContent = model.open ? `${num}/${model.meshes.length}` : "";
  ui.treeCount.title = t("tree.labelled", { labelled: num, all: model.meshes.length });
  ui.treeRows.style.height = `${tree.rows.length * ROW}px`;
  if (!tree.rows.some((row) => row.key === tree.active)) tree.active = null;
  drawTreeSoon();
}

function drawTreeSoon() {
  if (!treeFrame) treeFrame = requestAnimationFrame(drawTree);
}

function drawTree() {
  treeFrame = 0;
  const first = Math.max(0, Math.floor(ui.tree.scrollTop / ROW) - SPARE);
  const last = Math.min(tree.rows.length, Math.ceil((ui.tree.scrollTop + ui.tree.clientHeight) / ROW) + SPARE);
  const chosen = selectedRows();
  const nodes = [];
  const kept = new Map();
  for (let index = first; index < last; index++) {
    const row = tree.rows[index];
    const looks = looksOf(row, index, chosen);
    const before = rowNodes.get(row.key);
    const node = before?.looks === looks ? before.node : buildRow(row, index, chosen);
    kept.set(row.key, { looks, node });
    nodes.push(node);
  }
  rowNodes = kept;
  const old = ui.treeRows.children;
  if (old.length !== nodes.length || nodes.some((node, index) => node !== old[index])) putRows(nodes);
  const active = nodes.find((node) => node.classList.contains("active"));
  if (active) ui.tree.setAttribute("aria-activedescendant", active.id);
  else ui.tree.removeAttribute("aria-activedescendant");
}

// Put in what is new and take out what is gone; rows that stay are not touched.
function putRows(nodes) {
  const wanted = new Set(nodes);
  [...ui.treeRows.children].filter((node) => !wanted.has(node)).forEach((node) => node.remove());
  nodes.forEach((node, index) => {
    if (ui.treeRows.children[index] !== node) ui.treeRows.insertBefore(node, ui.treeRows.children[index] ?? null);
  });
}

// Everything that a row shows, as a string: a row whose string stays the same stays as it is.
function looksOf(row, index, chosen) {
  const ids = row.group ? row.group.ids : [row.id];
  const own = row.group
    ? [groupName(row.group), row.open, ids.length, ids.filter(isLabelled).length]
    : [classOf(row.id), JSON.stringify(labelOf(row.id)), disagrees(row.id), state.layers.get(row.id)?.picture?.status, row.id === rowOf(primary())];
  const chosenAll = ids.length > 0 && ids.every((id) => chosen.has(id));
  return [language, tree.by, model.passId, index, row.level, row.size, row.place, row.key === tree.active, chosenAll, howManyShown(ids), ...own].join("|");
}

function buildRow(row, index, chosen) {
  const ids = row.group ? row.group.ids : [row.id];
  const node = make("div", "tree-row", {
    role: "treeitem", id: `liwi-row-${index}`, "data-index": index, "aria-level": row.level, "aria-setsize": row.size, "aria-posinset": row.place,
  }, [...(row.group ? groupCells(row) : fragmentCells(row.id)), buildEye(ids, row.group ? groupName(row.group) : unitName(row.id))]);
  Object.assign(node.style, { top: `${index * ROW}px`, height: `${ROW}px`, paddingLeft: `${4 + 14 * (row.level - 1)}px` });
  if (row.group) node.setAttribute("aria-expanded", String(row.open));
  const selected = ids.length > 0 && ids.every((id) => chosen.has(id));
  node.setAttribute("aria-selected", String(selected));
  node.classList.toggle("primary", row.id !== undefined && row.id === rowOf(primary()));
  node.classList.toggle("active", row.key === tree.active);
  node.classList.toggle("empty", ids.length === 0);
  node.classList.toggle("unseen", howManyShown(ids) === "none" && ids.length > 0);
  node.classList.toggle("hovered", row.id !== undefined && isHovered(row.id));
  if (row.id !== undefined) node.dataset.id = row.id;
  if (row.group?.part) node.dataset.dropClass = row.group.part;
  return node;
}

function groupCells({ group, open }) {
  const twisty = make("span", `twisty${open ? " open" : ""}${group.ids.length ? "" : " none"}`, { "aria-hidden": "true" });
  const labelled = group.ids.filter(isLabelled).length;
  const name = make("span", "row-name group-name", { text: groupName(group), title: groupName(group), dir: "auto" });
  const count = make("span", "row-count", { text: group.ids.length ? `${labelled}/${group.ids.length}` : "0" });
  count.title = t("tree.labelled", { labelled, all: group.ids.length });
  count.classList.toggle("whole", group.ids.length > 0 && labelled === group.ids.length);
  return [twisty, ...(tree.by === "class" ? [swatch(group.part)] : [icon("folder")]), name, count];
}

function fragmentCells(id) {
  const mesh = meshOf(id);
  const name = make("span", "row-name", { text: unitName(id), title: `${partNames(mesh.part).join("/")}/${mesh.mesh_id}`, dir: "auto" });
  return [thumbOf(id), ...(tree.by === "part" ? [swatch(classOf(id))] : []), name, ...marksOf(id)];
}

// Small signs with words for who cannot see them: labelled, unsure, skipped, unlike the machine, hidden at rest.
function marksOf(id) {
  const { kind, unsure } = labelOf(id);
  const marks = [];
  if (isLabelled(id)) marks.push(["✓", "mark.labelled", "good"]);
  if (unsure) marks.push(["?", "mark.unsure", "doubt"]);
  if (kind === "skipped") marks.push(["»", "mark.skipped", "doubt"]);
  if (disagrees(id)) marks.push(["≠", "mark.disagrees", "doubt"]);
  if (piecesOf(id).length) marks.push(["✂", "mark.cut", "quiet"]);
  if (meshOf(id).hidden) marks.push(["◌", "mark.hidden", "quiet"]);
  return marks.map(([sign, key, kindOfMark]) => make("span", `row-mark ${kindOfMark}`, { text: sign, title: t(key), "aria-label": t(key), role: "img" }));
}

const thumbs = new WeakMap(); // layer -> canvas

function thumbOf(id) {
  const layer = state.layers.get(id);
  if (layer?.picture?.status !== "ready") return make("span", "row-thumb", { "aria-hidden": "true" });
  if (thumbs.get(layer)) return thumbs.get(layer);
  const canvas = make("canvas", "row-thumb", { "aria-hidden": "true", width: 44, height: 44 });
  drawFitted(canvas, [layer], layer.extent, 2);
  thumbs.set(layer, canvas);
  return canvas;
}

function buildEye(ids, name) {
  const shown = ids.length ? howManyShown(ids) : "none";
  const node = make("span", `eye ${shown}`, {
    role: "checkbox", "aria-checked": shown === "some" ? "mixed" : String(shown === "all"), "aria-label": t("eye.name", { name }), title: t("eye.hint"),
  }, [icon(shown === "none" ? "eyeOff" : "eye")]);
  if (!ids.length) node.setAttribute("aria-disabled", "true");
  return node;
}

function markHovered() {
  for (const node of ui.treeRows.children) node.classList.toggle("hovered", state.hovered.length === 1 && isHovered(node.dataset.id?.includes("/") ? node.dataset.id : Number(node.dataset.id)));
}

// The row of a whole fragment also while one of its pieces is pointed at.
function isHovered(unit) {
  return state.hovered.some((one) => one === unit || fragmentOf(one) === unit);
}

// The units whose rows are selected.
function selectedRows() {
  return new Set([...selection.ids, ...selectedUnits(), ...selection.ids.filter((id) => !selection.pieces.has(id)).map((id) => `${id}/0`)]);
}

function isSelected(unit) {
  return selectedRows().has(unit);
}

// Open what is closed above the row of a fragment, and scroll there.
function scrollToRow(id) {
  const row = rowOf(id);
  const closed = groupsAbove(row).filter((group) => tree.closed.has(group.key));
  if (closed.length && !search.hits) {
    closed.forEach((group) => tree.closed.delete(group.key));
    refreshTree();
  }
  tree.active = `mesh ${row}`;
  const index = tree.rows.findIndex((row) => row.key === tree.active);
  if (index >= 0) scrollToIndex(index);
  drawTreeSoon();
}

function scrollToIndex(index) {
  const [top, room] = [index * ROW, ui.tree.clientHeight];
  if (top < ui.tree.scrollTop + ROW || top > ui.tree.scrollTop + room - 2 * ROW) ui.tree.scrollTop = Math.max(0, top - room / 2);
}
