// From fragment to fragment by key. The order does not depend on labels, so that labelling one does not move it away.

const TINY_PIXELS = 64; // fewer seen pixels than this count as unseen
const tour = { by: recall("tour.by", "part"), kind: recall("tour.kind", "any") }; // by: "part" or "depth"
const TOUR_KINDS = {
  any: () => true,
  unlabelled: (id) => !isLabelled(id),
  unseen: (id) => isUnseen(id),
  unsure: isUnsure,
  disagrees,
};

function isUnseen(id) {
  const mesh = model.byId.get(id);
  return mesh.hidden || mesh.num_visible < TINY_PIXELS;
}

function tourOrder() {
  if (tour.by === "depth") return model.meshes.map((mesh) => mesh.id).reverse(); // nearest first
  const gather = (group) => [...group.members, ...group.children.flatMap(gather)];
  return groupsByPart().flatMap(gather);
}

// The next (step 1) or previous (-1) fragment of a kind, round and round. Of the unseen those without a label come first.
function goFragment(step, kind = "any") {
  if (!model.open) return;
  const order = tourOrder();
  const matches = TOUR_KINDS[kind] ?? TOUR_KINDS.any;
  const asked = kind === "unseen" && order.some((id) => matches(id) && !isLabelled(id) && id !== primary())
    ? (id) => matches(id) && !isLabelled(id) : matches;
  const from = order.indexOf(primary());
  const start = from < 0 ? (step > 0 ? -1 : order.length) : from;
  for (let count = 1; count <= order.length; count++) {
    const index = (((start + step * count) % order.length) + order.length) % order.length;
    if (asked(order[index]) && index !== from) {
      goTo(order[index], kind);
      return;
    }
  }
  announce(from >= 0 && asked(order[from]) ? `tour.last.${kind}` : `tour.none.${kind}`);
}

function goTo(id, kind) {
  if (kind === "unseen" && !xray.on) setXray(true, { byTour: true });
  else if (kind !== "unseen" && xray.byTour) setXray(false);
  tour.going = true;
  select([id]);
  tour.going = false;
  bringIntoSight([id]);
  scrollToRow(id);
}

function startTours() {
  on("selection", () => {
    if (xray.byTour && !tour.going) setXray(false); // X-ray came with the tour and goes with it
  });
}

function setTourOrder(by) {
  tour.by = by === "depth" ? "depth" : "part";
  remember("tour.by", tour.by);
}
