// The order of drawing: the artist's, and what people have moved. As in `data_tools/live2d/ordering.py`: the place of a fragment at rest
// is 1000 times its number from the back, and what a person gives 1500 is drawn between the first and the second.

const PLACES = 1000;
const TOUCH_STEPS = 160; // so finely, per side, it is looked whether two fragments share a pixel

function orderIn(label) {
  return label.order ?? null;
}

function artistsPlace(mesh) {
  return mesh.render_order + 1;
}

function orderOf(id) {
  return orderIn(labelOf(id)) ?? PLACES * artistsPlace(model.byId.get(id));
}

// Keeps `model.meshes` back to front as it is drawn now. Returns whether that is another order than before.
function sortMeshes() {
  const sorted = model.meshes.toSorted((a, b) => orderOf(a.id) - orderOf(b.id) || a.render_order - b.render_order);
  const changed = sorted.some((mesh, place) => mesh !== model.meshes[place]);
  if (changed) model.meshes = sorted;
  return changed;
}

// Whether two fragments share a pixel that can be seen.
function touchEachOther(id, other) {
  const [a, b] = [extentOf(id), extentOf(other)];
  if (!a || !b || !meets(a, b)) return false;
  const [left, top, right, bottom] = [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  const step = Math.max(1, (right - left) / TOUCH_STEPS, (bottom - top) / TOUCH_STEPS);
  for (let y = top + 0.5; y < bottom; y += step) {
    for (let x = left + 0.5; x < right; x += step) if (alphaAt(id, x, y) >= PICK_ALPHA && alphaAt(other, x, y) >= PICK_ALPHA) return true;
  }
  return false;
}

// Past the next shown fragment that shares a pixel with one of these: forward is towards the viewer.
function moveInOrder(forward, ids = selection.ids) {
  withSelection([...ids], (chosen) => {
    const moving = new Set(chosen);
    const order = forward ? model.meshes : model.meshes.toReversed();
    const last = order.findLastIndex((mesh) => moving.has(mesh.id));
    const next = order.slice(last + 1).find(({ id }) => isVisible(id) && chosen.some((one) => touchEachOther(one, id)));
    if (!next) return say(t(forward ? "order.nothing_before" : "order.nothing_behind"));
    return putBeside(chosen, next.id, forward);
  });
}

// In front of, or behind, everything else that has the class of the last selected one.
function moveToEndOfClass(forward, ids = selection.ids) {
  withSelection([...ids], (chosen) => {
    const moving = new Set(chosen);
    const name = classOf(chosen.at(-1));
    const others = model.meshes.filter(({ id }) => classOf(id) === name && !moving.has(id));
    if (!others.length) return say(t("order.alone", { name: className(name) }));
    return putBeside(chosen, (forward ? others.at(-1) : others[0]).id, forward);
  });
}

// Right in front of another fragment, or right behind it; these keep their order among each other.
function putBeside(ids, other, forward) {
  const moving = new Set(ids);
  const rest = model.meshes.filter(({ id }) => !moving.has(id));
  const at = rest.findIndex(({ id }) => id === other);
  const [behind, before] = forward ? [rest[at], rest[at + 1]] : [rest[at - 1], rest[at]];
  const low = behind ? orderOf(behind.id) : 0;
  const high = before ? orderOf(before.id) : low + PLACES;
  const own = model.meshes.filter(({ id }) => moving.has(id)).map(({ id }) => id);
  const step = (high - low) / (own.length + 1);
  if (step < 1) return say(t("order.no_room", { one: meshName(behind?.id ?? other), other: meshName(before?.id ?? other) }), { kind: "bad" });
  return relabelEach(own.map((id, place) => [id, { order: Math.floor(low + step * (place + 1)) }]));
}

function resetOrder(ids = selection.ids) {
  withSelection(ids.filter((id) => orderIn(labelOf(id)) !== null), (moved) => relabel(moved, { order: null }));
}

function addOrderCommands() {
  const add = (id, keys, run) => addCommand({ id, text: `cmd.${id}`, keys, group: "group.order", when: () => modelIsShown() && selection.ids.length > 0, run });
  add("order.forward", ["Alt+PageUp"], () => moveInOrder(true));
  add("order.backward", ["Alt+PageDown"], () => moveInOrder(false));
  add("order.front", ["Alt+Shift+PageUp"], () => moveToEndOfClass(true));
  add("order.back", ["Alt+Shift+PageDown"], () => moveToEndOfClass(false));
  add("order.reset", [], () => resetOrder());
}

// The line of the inspector: in which place the fragment is drawn, the artist's place where that is another, and what can be done.
function orderLine(ids) {
  const [id] = ids;
  const place = model.meshes.findIndex((mesh) => mesh.id === id) + 1;
  const moved = ids.some((one) => orderIn(labelOf(one)) !== null);
  const words = ids.length > 1 ? "" : t("order.place", { place: formatNumber(place), all: formatNumber(model.meshes.length) });
  const line = make("div", "said-line order-line", {}, [make("span", "said-what", { text: t("order") }), make("span", "order-place number", { text: words })]);
  if (moved && ids.length === 1) {
    const values = { place: formatNumber(orderOf(id) / PLACES), artist: formatNumber(artistsPlace(model.byId.get(id))) };
    line.append(make("span", "order-moved mark", { text: t("order.artist", values), title: t("order.moved", values) }));
  }
  if (!mayEdit()) return [line];
  const buttons = [["forward", "up"], ["backward", "down"], ["front", "toTop"], ["back", "toBottom"], ...(moved ? [["reset", "retry"]] : [])];
  line.append(make("span", "order-buttons", { role: "group", "aria-label": t("order") }, buttons.map(([name, picture]) => (
    iconButton(picture, t(`order.${name}`), keyHint(`order.${name}`), () => commands.get(`order.${name}`).run())
  ))));
  return [line];
}
