// Left and right: which side a name speaks of, and which fragment is the counterpart of which, by name or by mirrored position.

const LEFT_WORDS = new Set(["l", "left", "左", "hidari"]);
const RIGHT_WORDS = new Set(["r", "right", "右", "migi"]);
const OTHER_SIDE = { left: "right", right: "left" };
const LEAST_OVERLAP = 0.5; // of the mirrored box with the other's, intersection over union

// "EyeL_02" -> ["eye", "l", "02"]; Chinese and Japanese signs stand alone.
function nameTokens(name) {
  return (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[\u3040-\u30ff]+|[\u3400-\u9fff]/g) ?? []).map((token) => token.toLowerCase());
}

// The side that a name speaks of, and the name without it, which counterparts share.
function splitName(name) {
  let side = null;
  const rest = nameTokens(name).map((token) => {
    const found = LEFT_WORDS.has(token) ? "left" : RIGHT_WORDS.has(token) ? "right" : null;
    side ??= found;
    return found ? "*" : token;
  });
  return { side, key: rest.join(" ") };
}

function fullName(mesh) {
  return `${pathOf(mesh)} / ${mesh.mesh_id}`;
}

// What the fragment's own name says, else its innermost part that speaks of a side.
function sideOfMesh(mesh) {
  return fullName(mesh).split(" / ").reverse().map((name) => splitName(name).side).find(Boolean) ?? null;
}

// id -> {id, by: "name" | "place", score} for every fragment that has a counterpart.
function findCounterparts() {
  const found = new Map();
  const pair = (a, b, by, score) => { found.set(a.id, { id: b.id, by, score }); found.set(b.id, { id: a.id, by, score }); };
  const named = new Map(); // key -> {left: [mesh], right: [mesh]}
  for (const mesh of model.meshes) {
    const { side, key } = splitName(fullName(mesh));
    if (!side) continue;
    if (!named.has(key)) named.set(key, { left: [], right: [] });
    named.get(key)[side].push(mesh);
  }
  for (const { left, right } of named.values()) if (left.length === 1 && right.length === 1) pair(left[0], right[0], "name", 1);
  const axis = mirrorAxis(found);
  const rest = model.meshes.filter((mesh) => mesh.extent && !found.has(mesh.id));
  const likely = rest.flatMap((a, place) => rest.slice(place + 1).map((b) => [likeness(a, b, axis), a, b])).filter(([score]) => score >= LEAST_OVERLAP);
  for (const [score, a, b] of likely.sort((one, other) => other[0] - one[0])) if (!found.has(a.id) && !found.has(b.id)) pair(a, b, "place", score);
  return found;
}

// The x about which the character is mirrored: the median over pairs known by name, else the middle of all that is drawn.
function mirrorAxis(found) {
  const middle = ([left, , right]) => (left + right) / 2;
  const pairs = [...found].map(([id, other]) => [model.byId.get(id), model.byId.get(other.id)]).filter(([a, b]) => a.extent && b.extent);
  if (pairs.length) {
    const middles = pairs.map(([a, b]) => (middle(a.extent) + middle(b.extent)) / 2).sort((a, b) => a - b);
    return middles[Math.floor(middles.length / 2)];
  }
  const all = model.meshes.map((mesh) => mesh.extent).reduce(union, null);
  return all ? middle(all) : 0;
}

// Overlap of the mirrored box of one with the box of the other, less where their areas differ; 0 for what lies on the axis.
function likeness(a, b, axis) {
  const [left, top, right, bottom] = a.extent;
  const mirrored = [2 * axis - right, top, 2 * axis - left, bottom];
  if ((left < axis && right > axis && meets(a.extent, b.extent)) || !meets(mirrored, b.extent)) return 0;
  const area = (box) => Math.max(0, box[2] - box[0]) * Math.max(0, box[3] - box[1]);
  const common = area([Math.max(mirrored[0], b.extent[0]), Math.max(top, b.extent[1]), Math.min(mirrored[2], b.extent[2]), Math.min(bottom, b.extent[3])]);
  const filled = Math.min(a.num_pixels, b.num_pixels) / Math.max(a.num_pixels, b.num_pixels, 1);
  return (common / Math.max(area(a.extent) + area(b.extent) - common, 1)) * (0.5 + 0.5 * filled);
}

// The label for the counterpart: the same, on the other side.
function mirroredWish({ kind, part, side }) {
  return { kind, part, side: side ? OTHER_SIDE[side] : null };
}

// What copying to the counterparts would change: [{from, to, wish, by, score}]. ids: of labelled fragments; none: all labelled ones.
function mirroredChanges(ids) {
  const counterparts = findCounterparts();
  const sources = (ids.length ? ids : model.meshes.map((mesh) => mesh.id)).filter((id) => isLabelled(id) && counterparts.has(id));
  const chosen = new Set(ids);
  return sources.flatMap((from) => {
    const { id: to, by, score } = counterparts.get(from);
    const wish = mirroredWish(labelOf(from));
    const same = sameDecision(labelOf(to), wish);
    const bothDecided = !ids.length && isLabelled(to); // of two decisions neither is the model of the other
    return same || chosen.has(to) || bothDecided ? [] : [{ from, to, wish, by, score }];
  });
}
