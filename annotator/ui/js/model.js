// The open model: what Python sent, and what was decided since. Everybody reads it; labels change only in `labels.js`.

const CLASSES = [
  "front hair", "back hair", "headwear", "face", "irides", "eyebrow", "eyewhite", "eyelash", "eyewear", "ears", "earwear", "nose",
  "mouth", "neck", "neckwear", "topwear", "handwear", "bottomwear", "legwear", "footwear", "tail", "wings", "objects", "nothing",
];

const NO_MODEL = Object.freeze({
  open: false, passId: null, modelId: null, name: "", project: null, round: 0, state: "new", canEdit: false, holder: null, size: [1, 1],
  version: 0, valid: true, incomplete: false, comment: "", lastComment: "", lastLabelId: 0,
  annotator: null, passes: [], pictureUrl: null,
  meshes: [], byId: new Map(), parts: [], labels: new Map(), guesses: new Map(), guessedAt: 0,
});

const model = { ...NO_MODEL };
let openingNumber = 0;

// Read a pass and show it. Of two calls the later one wins, whichever answer comes first.
async function openModel(passId, { fragment = null } = {}) {
  const number = ++openingNumber;
  emit("opening", { passId });
  const answer = await call("open", { pass_id: passId });
  if (number !== openingNumber) return false;
  Object.assign(model, NO_MODEL, {
    open: true,
    passId: answer.pass_id, modelId: answer.model_id, name: answer.name, project: answer.project, round: answer.round, state: answer.state,
    canEdit: answer.can_edit, holder: answer.holder, size: answer.size, version: answer.version, valid: answer.valid,
    incomplete: answer.incomplete, comment: answer.comment, lastComment: answer.last_comment, lastLabelId: answer.last_label_id,
    annotator: answer.annotator ?? null, passes: answer.passes ?? [], pictureUrl: answer.picture_url ?? null,
    parts: answer.parts,
    meshes: answer.meshes,
    byId: new Map(answer.meshes.map((mesh) => [mesh.id, mesh])),
    labels: new Map(answer.labels.map((label) => [label.art_mesh_id, label])),
    guesses: guessMap(answer.guesses), guessedAt: answer.guessed_at,
  });
  sortMeshes();
  emit("model", { fragment });
  return true;
}

// id -> what the machine says, the best guess first.
function guessMap(guesses) {
  return new Map(Object.entries(guesses).map(([id, said]) => [Number(id), said]));
}

function closeModel() {
  openingNumber += 1;
  Object.assign(model, NO_MODEL);
  emit("model");
}

// Of a fragment, also where one of its pieces is asked about (`pieces.js`); `labelledClass` and `classOf` speak of the piece.
function labelOf(id) {
  const own = fragmentOf(id);
  return model.labels.get(own) ?? { art_mesh_id: own, version: 0, kind: "none", part: null, side: null, unsure: false, comment: "", order: null, pieces: [] };
}

function guessOf(id) {
  return pieceOf(id) ? null : model.guesses.get(fragmentOf(id))?.[0] ?? null;
}

function isLabelled(id) {
  const { kind } = labelOf(id);
  return kind === "part" || kind === "nothing";
}

function classIn({ kind, part }) {
  return kind === "part" ? part : kind === "nothing" ? "nothing" : null;
}

function labelledClass(id) {
  const piece = pieceOf(id);
  if (piece) return classOfPiece(piece);
  return classIn(labelOf(id));
}

function guessedClass(id) {
  const guess = guessOf(id);
  return guess ? guess.part ?? "nothing" : null;
}

// The class by which a fragment is shown: what a person said, else what the machine thinks best, else null.
function classOf(id) {
  return labelledClass(id) ?? guessedClass(id);
}

function disagrees(id) {
  const guess = guessedClass(id);
  return isLabelled(id) && guess !== null && guess !== labelledClass(id);
}

// The names of a part and of those that hold it, outermost first.
function partNames(place) {
  const names = [];
  const seen = new Set(); // a damaged file may go in a circle
  for (let at = place; at !== null && at !== undefined && !seen.has(at); at = model.parts[at]?.parent ?? null) {
    seen.add(at);
    const part = model.parts[at];
    if (part) names.unshift(part.name || part.id);
  }
  return names;
}

function className(name) {
  return t(`class.${name ?? "none"}`);
}
