// Which fragments are shown. Never changes a label, and labels never change what is shown, except under a filter that asks for them.

const visibility = {
  shown: new Set(), // ids whose eye is open
  without: new Set(), // of those that were cut, the units ("12/1") that are hidden all the same
  filter: null,     // {name, part}: of the shown ones only those
  kept: new Set(),  // selected ones stay in sight under a filter until something else is selected
  before: null,     // what was shown before solo or a filter
  solo: null,       // ids that were made solo, as a string
};
const xray = { on: false, faint: recall("xray.faint", 0.2), byTour: false };

const FILTERS = {
  unlabelled: (id) => !isLabelled(id),
  disagrees,
  unsure: (id) => isUnsure(id),
  class: (id) => classOf(id) === visibility.filter.part,
};

// Somebody said so, or passed it by.
function isUnsure(id) {
  const { unsure, kind } = labelOf(id);
  return unsure || kind === "skipped";
}

function startVisibility() {
  on("labels", () => {
    if (!visibility.filter) return;
    selection.ids.filter((id) => recordOf(id)?.visible).forEach((id) => visibility.kept.add(id));
    visibilityChanged();
  });
  on("selection", () => {
    if (visibility.filter && visibility.kept.size) {
      visibility.kept = new Set(selection.ids.filter((id) => visibility.kept.has(id)));
      visibilityChanged();
    } else if (xray.on) refreshDoc();
  });
}

function forgetVisibility() {
  Object.assign(visibility, { shown: shownAtRest(), without: new Set(), filter: null, kept: new Set(), before: null, solo: null });
}

function shownAtRest() {
  return new Set(model.meshes.filter((mesh) => !mesh.hidden).map((mesh) => mesh.id));
}

// Of a fragment that was cut: whether any of it is.
function isVisible(unit) {
  const id = fragmentOf(unit);
  if (!visibility.shown.has(id) || visibility.without.has(unit)) return false;
  if (unit === id && piecesOf(id).length) return unitsOf(id).some(isVisible);
  return !visibility.filter || visibility.kept.has(id) || FILTERS[visibility.filter.name](unit);
}

function visibleIds() {
  return model.meshes.map((mesh) => mesh.id).filter(isVisible);
}

function visibilityChanged() {
  refreshDoc();
  emit("visibility");
}

function setShown(units, shown) {
  for (const unit of units) {
    if (typeof unit === "string") showPiece(unit, shown);
    else {
      if (shown) visibility.shown.add(unit);
      else visibility.shown.delete(unit);
      forgetHiddenPieces(unit);
    }
  }
  if (shown && visibility.filter) units.forEach((unit) => visibility.kept.add(fragmentOf(unit)));
  visibility.solo = null;
  visibilityChanged();
}

function showPiece(unit, shown) {
  const { shown: fragments, without } = visibility;
  const id = fragmentOf(unit);
  if (shown) {
    if (!fragments.has(id)) unitsOf(id).forEach((other) => without.add(other));
    fragments.add(id);
    without.delete(unit);
  } else if (fragments.has(id)) without.add(unit);
  if (unitsOf(id).every((other) => without.has(other))) fragments.delete(id);
}

function forgetHiddenPieces(id) {
  for (const unit of visibility.without) if (fragmentOf(unit) === id) visibility.without.delete(unit);
}

// What the eye of a group speaks for: fragments hidden at rest stay hidden when the group is shown, unless it has no others.
function ofEye(ids) {
  const atRest = ids.filter((id) => !meshOf(id).hidden);
  return atRest.length ? atRest : ids;
}

// "all", "none" or "some" of these are in sight.
function howManyShown(ids) {
  const members = ofEye(ids);
  const num = members.filter(isVisible).length;
  if (num === 0 && !ids.some(isVisible)) return "none";
  return num === members.length ? "all" : "some";
}

function toggleShown(ids) {
  const hides = howManyShown(ids) !== "none";
  setShown(hides ? ids : ofEye(ids), !hides);
}

// Only these; the same again brings back what was there before.
function solo(units) {
  const name = [...units].map(String).sort().join();
  if (visibility.solo === name) return showBefore();
  visibility.before ??= { shown: visibility.shown, without: visibility.without, filter: visibility.filter };
  const wanted = new Set(units);
  const shown = new Set(units.map(fragmentOf));
  const without = new Set([...shown].filter((id) => !wanted.has(id)).flatMap(unitsOf).filter((unit) => !wanted.has(unit)));
  Object.assign(visibility, { shown, without, filter: null, kept: new Set(), solo: name });
  return visibilityChanged();
}

function showBefore() {
  if (!visibility.before) return;
  Object.assign(visibility, { ...visibility.before, kept: new Set(), before: null, solo: null });
  visibilityChanged();
}

// As the artist shows it at rest.
function showAll() {
  forgetVisibility();
  visibilityChanged();
}

function showEvenHidden() {
  forgetVisibility();
  visibility.shown = new Set(model.byId.keys());
  visibilityChanged();
}

// Only the unlabelled, the unsure, the disagreeing, or those of one class; null: what was there before.
function setFilter(name, part = null) {
  if (!name) return showBefore();
  visibility.before ??= { shown: visibility.shown, without: visibility.without, filter: null };
  const shown = name === "class" ? new Set(model.byId.keys()) : shownAtRest();
  Object.assign(visibility, { shown, without: new Set(), filter: { name, part }, kept: new Set(), solo: null });
  return visibilityChanged();
}

function setXray(shown, { byTour = false } = {}) {
  xray.on = shown;
  xray.byTour = shown && byTour;
  refreshDoc();
  emit("visibility");
}

function setFaintness(value) {
  xray.faint = clamp(value, 0, 0.6);
  remember("xray.faint", xray.faint);
  refreshDoc();
}
