// Labels of the open pass: what the server said last, and on top of it what waits to be sent. Only this file changes `model.labels`.

let shownLabels = null; // the map that `saidByServer` belongs to
let saidByServer = new Map(); // id -> label

const PAIRED = new Set(["irides", "eyebrow", "eyewhite", "eyelash", "ears", "earwear", "handwear", "legwear", "footwear", "wings"]);

// After "model": another model is open, or the same was read again.
function takeLabelsRead() {
  if (model.labels === shownLabels) return;
  shownLabels = model.labels;
  saidByServer = new Map(shownLabels);
  const ids = [...lastWaitingChanges(model.passId).keys()];
  if (ids.length) showLabels(ids);
}

// What the server says now; an older version than the one known is ignored. Returns the ids that changed.
function takeSaid(labels) {
  const ids = [];
  for (const label of labels) {
    if ((saidByServer.get(label.art_mesh_id)?.version ?? 0) >= label.version) continue;
    saidByServer.set(label.art_mesh_id, label);
    ids.push(label.art_mesh_id);
  }
  return ids;
}

// Listeners of "labels" hear only what looks different now: the answer of the server mostly confirms what is shown ("pending").
function showLabels(ids) {
  const waits = lastWaitingChanges(model.passId);
  const different = ids.filter((id) => {
    const before = labelOf(id);
    const change = waits.get(id);
    const label = change ? { ...change, version: change.version + 1, pending: true } : saidByServer.get(id);
    if (label) model.labels.set(id, label);
    else model.labels.delete(id);
    return !sameValue(before, labelOf(id));
  });
  if (sortMeshes()) emit("order");
  if (different.length) {
    refreshCuts(different);
    forgetLostPieces();
    emit("labels", { ids: different });
  }
  emit("pending");
}

function sameDecision(a, b) {
  return a.kind === b.kind && a.part === b.part && a.side === b.side;
}

function sameValue(a, b) {
  return sameDecision(a, b) && a.unsure === b.unsure && a.comment === b.comment && orderIn(a) === orderIn(b) && samePieces(a, b);
}

// The label that a fragment would get. `wanted` names what changes; the rest follows from what stands there and from the guesses.
function labelWith(id, wanted) {
  const now = labelOf(id);
  const next = { art_mesh_id: id, version: now.version, kind: now.kind, part: now.part, side: now.side, unsure: now.unsure, comment: now.comment, order: orderIn(now), pieces: piecesIn(now), ...wanted };
  if (next.kind === "none" && !wanted.kind) Object.assign(next, decisionFor(id));
  if (wanted.kind && wanted.unsure === undefined) next.unsure = false; // who decides is sure, until they say otherwise
  if (next.kind !== "part") Object.assign(next, { part: null, side: null });
  else if (wanted.side === undefined && next.part !== now.part) next.side = likelySide(id, next.part);
  return next;
}

// Unsure, a comment, another order or a cut on a fragment without a decision: the guess stands, marked; without a guess it is left for later.
function decisionFor(id) {
  const guess = guessOf(id);
  if (!guess) return { kind: "skipped" };
  return guess.part ? { kind: "part", part: guess.part, side: guess.side } : { kind: "nothing" };
}

function likelySide(id, part) {
  if (!PAIRED.has(part)) return null;
  const guess = (model.guesses.get(id) ?? []).find((each) => each.part === part && each.side);
  return guess?.side ?? sideOfMesh(model.byId.get(id));
}

// One operation over many units. wanted: {kind, part, side, unsure, comment, order, pieces}, any of them. Returns how many fragments change.
function relabel(units, wanted) {
  return relabelEach(units.map((unit) => [unit, wanted]));
}

// What is wanted of each fragment. Of a piece only class and side can be: everything else is said of its fragment.
function wishesByFragment(wishes) {
  const found = new Map();
  for (const [unit, wanted] of wishes) {
    const id = fragmentOf(unit);
    const before = found.get(id) ?? {};
    if (pieceOf(unit) && (wanted.part || wanted.kind === "nothing" || wanted.side !== undefined)) {
      found.set(id, { ...before, pieces: (before.pieces ?? piecesOf(id)).with(placesOf(unit)[0] - 1, pieceWith(unit, wanted)) });
    } else found.set(id, { ...before, ...wanted });
  }
  return [...found].filter(([id]) => model.byId.has(id));
}

// The same with a wish for each unit: [[unit, wanted]].
function relabelEach(wishes) {
  if (!mayEdit()) {
    sayWhyNot();
    return 0;
  }
  if (wishes.some(([, wanted]) => wanted.kind === "none")) { // the history knows no label that says nothing
    say(t("taken_back_by_undo", { key: keyHint("undo") }));
    return 0;
  }
  const changes = wishesByFragment(wishes).map(([id, wanted]) => labelWith(id, wanted));
  const real = changes.filter((change) => change.kind !== "none" && !sameValue(change, labelOf(change.art_mesh_id)));
  if (!real.length) return 0;
  enqueue({ name: "relabel", pass_id: model.passId, model: model.name, changes: real });
  showLabels(real.map((change) => change.art_mesh_id));
  return real.length;
}

function wishOfGuess({ part, side }) {
  return part ? { kind: "part", part, side } : { kind: "nothing" };
}

// Say of each fragment what the machine thinks best. least: the lowest score that is taken.
function acceptGuesses(ids, least = 0) {
  return relabelEach(acceptable(ids, least).map((id) => [id, wishOfGuess(guessOf(id))]));
}

function acceptable(ids, least = 0) {
  return ids.filter((id) => (guessOf(id)?.score ?? -1) >= least);
}

function wishOfClass(name) {
  return name === "nothing" ? { kind: "nothing" } : { kind: "part", part: name };
}
