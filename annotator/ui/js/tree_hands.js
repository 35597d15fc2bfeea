// Mouse and keys in the tree.

function startTreePointer() {
  ui.tree.addEventListener("pointerdown", onTreeDown);
  ui.tree.addEventListener("pointermove", onTreeMove);
  ui.tree.addEventListener("pointerup", onTreeUp);
  ui.tree.addEventListener("pointercancel", () => { treeGesture = null; endCarrying(); });
  ui.tree.addEventListener("pointerleave", () => hover([]));
  ui.tree.addEventListener("contextmenu", onTreeMenu);
  ui.tree.addEventListener("dblclick", (event) => {
    const row = rowUnder(event);
    if (nodeUnder(event)?.closest(".eye, .twisty")) return; // those were two single clicks
    if (row?.group) setOpen(row.group, !row.open);
    else if (row) zoomToSelection();
  });
}

let treeGesture = null; // {row, x, y, eyes: "open" | "close" | undefined, carried}

function nodeUnder(event) {
  return element.getRootNode().elementFromPoint(event.clientX, event.clientY);
}

function rowUnder(event) {
  const under = nodeUnder(event)?.closest(".tree-row");
  return under ? tree.rows[Number(under.dataset.index)] : null;
}

function idsOfRow(row) {
  return row.group ? row.group.ids : [row.id];
}

function onTreeDown(event) {
  const row = rowUnder(event);
  if (!row || event.button !== 0) return;
  tree.active = row.key;
  if (event.target.closest(".twisty")) {
    if (row.group.ids.length) setOpen(row.group, !row.open);
    return;
  }
  ui.tree.setPointerCapture(event.pointerId);
  treeGesture = { row, x: event.clientX, y: event.clientY };
  if (event.target.closest(".eye")) pressEye(row, event);
}

// Alt makes it solo, and back; dragging on gives the eyes passed over what the first one got.
function pressEye(row, event) {
  const ids = idsOfRow(row);
  if (!ids.length) return;
  if (event.altKey) solo(ids);
  else toggleShown(ids);
  treeGesture.eyes = event.altKey ? "solo" : howManyShown(ids) === "none" ? "close" : "open";
  treeGesture.last = row.key;
}

function onTreeMove(event) {
  if (!treeGesture) {
    const row = rowUnder(event);
    hover(row && model.open ? idsOfRow(row) : []);
    return;
  }
  if (treeGesture.eyes) {
    const row = rowUnder(event);
    if (!row || row.key === treeGesture.last || treeGesture.eyes === "solo") return;
    treeGesture.last = row.key;
    setShown(treeGesture.eyes === "open" ? ofEye(idsOfRow(row)) : idsOfRow(row), treeGesture.eyes === "open");
    return;
  }
  if (!treeGesture.carried && Math.hypot(event.clientX - treeGesture.x, event.clientY - treeGesture.y) < 6) return;
  const ids = idsOfRow(treeGesture.row);
  if (!ids.length) return;
  treeGesture.carried = carry(ids.every(isSelected) ? selectedUnits() : ids, event);
}

function onTreeUp(event) {
  const done = treeGesture;
  treeGesture = null;
  if (!done || done.eyes) return;
  if (done.carried) dropCarried(event);
  else clickRow(done.row, event);
}

function clickRow(row, event) {
  const ids = idsOfRow(row);
  if (event.shiftKey && primary() !== null) select(idsBetween(rowOf(primary()), row), { mode: "add" });
  else if (event.ctrlKey || event.metaKey) select(ids, { mode: ids.length > 1 && !ids.every(isSelected) ? "add" : "toggle" });
  else select(ids);
  if (ids.length) bringIntoSight(ids);
  drawTreeSoon();
}

function idsBetween(id, row) {
  const [from, to] = [tree.rows.findIndex((one) => one.id === id), tree.rows.indexOf(row)];
  if (from < 0) return idsOfRow(row);
  const rows = tree.rows.slice(Math.min(from, to), Math.max(from, to) + 1);
  const ids = rows.flatMap((one) => (one.id !== undefined ? [one.id] : []));
  return from <= to ? ids : ids.reverse();
}

function onTreeMenu(event) {
  event.preventDefault();
  const ids = idsOfRow(rowUnder(event) ?? { group: { ids: [] } });
  if (!ids.every(isSelected)) select(ids);
  openFragmentMenu(event.clientX, event.clientY);
}

// The keys of a tree as everywhere: arrows, Home, End, Enter, Space for the eye. All other keys go on to the hotkeys.
function onTreeKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || !tree.rows.length) return;
  const index = tree.rows.findIndex((row) => row.key === tree.active);
  const row = tree.rows[index];
  const acts = {
    ArrowDown: () => goToRow(index + 1, event), ArrowUp: () => goToRow(index < 0 ? 0 : index - 1, event),
    Home: () => goToRow(0, event), End: () => goToRow(tree.rows.length - 1, event),
    PageDown: () => goToRow(index + pageRows(), event), PageUp: () => goToRow(index - pageRows(), event),
    ArrowRight: () => (row?.group && !row.open && row.group.ids.length ? setOpen(row.group, true) : goToRow(index + 1, event)),
    ArrowLeft: () => (row?.group && row.open ? setOpen(row.group, false) : goToRow(parentIndex(index), event)),
    Enter: () => row && select(idsOfRow(row)),
    " ": () => row && idsOfRow(row).length && toggleShown(idsOfRow(row)),
  };
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

function pageRows() {
  return Math.max(1, Math.floor(ui.tree.clientHeight / ROW) - 1);
}

function parentIndex(index) {
  const level = tree.rows[index]?.level ?? 1;
  for (let at = index - 1; at >= 0; at--) if (tree.rows[at].level < level) return at;
  return index;
}

function goToRow(wanted, event) {
  const index = clamp(wanted, 0, tree.rows.length - 1);
  const row = tree.rows[index];
  tree.active = row.key;
  if (row.id !== undefined) {
    select([row.id], { mode: event.shiftKey ? "add" : "replace" });
    bringIntoSight([row.id]);
  }
  scrollToIndex(index);
  drawTreeSoon();
}
