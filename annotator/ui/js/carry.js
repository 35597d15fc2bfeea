// Dragging fragments onto a class: from the canvas or from rows of the tree, onto anything that has `data-drop-class`.

const carrying = { ids: [], badge: null, target: null };

function carry(ids, event) {
  if (!carrying.badge) {
    carrying.ids = [...ids];
    carrying.badge = make("div", "carried", { "aria-hidden": "true", text: t("carry.num", { n: ids.length }) });
    ui.root.append(carrying.badge);
    ui.root.classList.add("carrying");
  }
  const frame = ui.root.getBoundingClientRect();
  carrying.badge.style.transform = `translate(${event.clientX - frame.left + 14}px, ${event.clientY - frame.top + 10}px)`;
  scrollWhileCarrying(event);
  const target = targetUnder(event);
  if (target !== carrying.target) {
    carrying.target?.classList.remove("drop-target");
    target?.classList.add("drop-target");
    carrying.target = target;
  }
  return carrying;
}

// Near its upper or lower edge the tree comes along, so that every class can be reached.
function scrollWhileCarrying(event) {
  const { left, right, top, bottom } = ui.tree.getBoundingClientRect();
  if (event.clientX < left || event.clientX > right || event.clientY < top - 20 || event.clientY > bottom + 20) return;
  if (event.clientY < top + ROW) ui.tree.scrollTop -= ROW / 2;
  else if (event.clientY > bottom - ROW) ui.tree.scrollTop += ROW / 2;
}

function targetUnder(event) {
  return nodeUnder(event)?.closest("[data-drop-class]") ?? null;
}

function dropCarried(event) {
  const target = targetUnder(event);
  const { ids } = carrying;
  endCarrying();
  if (target) assignClass(target.dataset.dropClass, ids);
}

function endCarrying() {
  carrying.badge?.remove();
  carrying.target?.classList.remove("drop-target");
  Object.assign(carrying, { ids: [], badge: null, target: null });
  ui.root.classList.remove("carrying");
}
