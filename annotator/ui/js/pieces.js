// Pieces of fragments, where one ArtMesh holds several body parts, as in `data_tools/live2d/pieces.py`: outlines at rest, on a grid over the
// picture; where they overlap the later one has it. A *unit* is what is shown, coloured and labelled by itself: a whole fragment by its id,
// or of one that was cut what is left ("12/0") or a piece ("12/1").

const GRID = 65536;
const MOST_PIECES = 32;
const MOST_POINTS = 1000; // of one fragment

function piecesIn(label) {
  return label?.pieces ?? [];
}

function piecesOf(unit) {
  return piecesIn(model.labels.get(fragmentOf(unit)));
}

function fragmentOf(unit) {
  return typeof unit === "string" ? Number(unit.split("/", 1)[0]) : unit;
}

// The places of pieces that a unit stands for; 0 is what is left.
function placesOf(unit) {
  return typeof unit === "string" ? unit.split("/")[1].split("+").map(Number) : [0];
}

// The piece that a unit is; undefined for a whole fragment and for what is left of one.
function pieceOf(unit) {
  return typeof unit === "string" ? piecesOf(unit)[placesOf(unit)[0] - 1] : undefined;
}

function meshOf(unit) {
  return model.byId.get(fragmentOf(unit));
}

function unitsOf(id) {
  const pieces = piecesOf(id);
  return pieces.length ? [`${id}/0`, ...pieces.map((_, index) => `${id}/${index + 1}`)] : [id];
}

function allUnits() {
  return model.meshes.flatMap(({ id }) => unitsOf(id));
}

function unitName(unit) {
  const name = meshName(fragmentOf(unit));
  return pieceOf(unit) ? t("piece.name", { name, n: placesOf(unit)[0] }) : name;
}

function classOfPiece(piece) {
  return piece.part ?? "nothing";
}

function sideOf(unit) {
  return (pieceOf(unit) ?? labelOf(unit)).side;
}

// The piece with another class or side.
function pieceWith(unit, { kind, part, side }) {
  const piece = pieceOf(unit);
  if (kind === "nothing") return { ...piece, part: null, side: null };
  const next = part ?? piece.part;
  const likely = next === piece.part ? piece.side : PAIRED.has(next) ? sideOfMesh(meshOf(unit)) : null;
  return { ...piece, part: next, side: next === null ? null : side === undefined ? likely : side };
}

function samePieces(a, b) {
  return JSON.stringify(piecesIn(a)) === JSON.stringify(piecesIn(b));
}

// As far as the page can say without comparing outlines, which the server does: the same classes, each as often.
function samePieceClasses(a, b) {
  const names = (label) => piecesIn(label).map(classOfPiece).sort().join();
  return names(a) === names(b);
}

function toGrid([x, y]) {
  const onGrid = (value, side) => clamp(Math.round((value / side) * GRID), -GRID, 2 * GRID);
  return [onGrid(x, model.size[0]), onGrid(y, model.size[1])];
}

function fromGrid([x, y]) {
  return [(x / GRID) * model.size[0], (y / GRID) * model.size[1]];
}

// Whether a point of the grid lies inside of an outline: it is enclosed an odd number of times.
function encloses(polygon, [x, y]) {
  let inside = false;
  let before = polygon.at(-1);
  for (const point of polygon) {
    if (before[1] <= y !== point[1] <= y && x >= before[0] + ((y - before[1]) * (point[0] - before[0])) / (point[1] - before[1])) inside = !inside;
    before = point;
  }
  return inside;
}

// Which unit of a fragment a point of the model belongs to.
function unitAt(id, x, y) {
  const pieces = piecesOf(id);
  if (!pieces.length) return id;
  const point = toGrid([x, y]);
  return `${id}/${pieces.findLastIndex(({ polygon }) => encloses(polygon, point)) + 1}`;
}

// Numbers, from 1, of the pieces that hold a pixel of the fragment; 0 if something is left.
function heldPlaces(id, pieces) {
  const { picture, extent } = state.layers.get(id) ?? {};
  const found = new Set();
  if (picture?.status !== "ready") return new Set([0, ...pieces.map((_, place) => place + 1)]);
  const { width, height, values } = alphaOf(picture);
  const [left, top, right, bottom] = extent;
  for (let row = 0; row < height && found.size <= pieces.length; row++) {
    for (let column = 0; column < width; column++) {
      if (!values[row * width + column]) continue;
      const point = toGrid([left + ((column + 0.5) / width) * (right - left), top + ((row + 0.5) / height) * (bottom - top)]);
      found.add(pieces.findLastIndex(({ polygon }) => encloses(polygon, point)) + 1);
    }
  }
  return found;
}

// An outline as a path, where `put` takes a point of the model; closed.
function outlinePath(polygon, put) {
  const path = new Path2D();
  polygon.forEach((point, index) => (index ? path.lineTo(...put(fromGrid(point))) : path.moveTo(...put(fromGrid(point)))));
  path.closePath();
  return path;
}

function screenPath(polygon) {
  return outlinePath(polygon, ([x, y]) => toScreen(x, y));
}
