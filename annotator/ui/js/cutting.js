// Cutting a fragment into pieces: drag a lasso around a part of it, or click corners. The piece gets a class as fragments do, and the
// corners of a selected piece can be moved.

const TRAIL_STEP = 2;      // CSS pixels between the points of a lasso
const MOST_CORNERS = 150;  // of a lasso; it is drawn more coarsely until it has no more
const LEARNT_AFTER = 3;    // times that it is told what comes after a cut
const HARDLY_HIDDEN = 0.9; // of its pixels: less is to be seen of a fragment, and it is cut in X-ray
// points: of the outline being drawn, in pixels of the model; edited: {unit, polygon}; xray: whether X-ray is on only for the cut
const draft = { id: null, points: [], edited: null, xray: false };

function isCutting() {
  return state.tool === "cut" && modelIsShown();
}

function forgetDraft() {
  if (draft.xray && xray.on) setXray(false);
  Object.assign(draft, { id: null, points: [], edited: null, xray: false });
  drawOverlaySoon();
}

function addCutCommands() {
  const add = (id, keys, run, more = {}) => addCommand({ id, text: `key.${id}`, keys, group: "group.cut", when: modelIsShown, run, ...more });
  add("tool.cut", ["Shift+L"], () => (state.tool === "cut" ? chooseTool("select") : startCut()));
  add("cut.close", ["Enter"], closeDraft, { place: "cut", when: isCutting });
  add("cut.back", ["Backspace"], dropLastPoint, { place: "cut", when: isCutting, repeats: true });
  add("cut.cancel", ["Escape"], () => cancelGesture() || chooseTool("select"), { place: "cut", when: isCutting });
  add("cut.remove", ["Delete"], () => removePiece(primaryUnit()), { when: () => modelIsShown() && Boolean(pieceOf(primaryUnit())) });
  for (const name of ["selection", "model", "claim"]) on(name, () => { if (state.tool === "cut" && (primary() !== draft.id || !mayEdit())) chooseTool("select"); });
}

function startCut(id = primary()) {
  if (id === null) return say(t("select_first"));
  if (!mayEdit()) return sayWhyNot();
  if (state.layers.get(id)?.picture?.status !== "ready") return say(t("cut.no_pixels"));
  select([id]);
  if (!isVisible(id)) reveal(id);
  chooseTool("cut");
  const { num_visible, num_pixels } = model.byId.get(id);
  Object.assign(draft, { id, xray: !xray.on && share(num_visible, num_pixels) < HARDLY_HIDDEN });
  if (draft.xray) setXray(true);
  ui.viewport.focus({ preventScroll: true });
  return refreshHiddenNote();
}

// A drag is a lasso, a click a corner; a lasso without corners before it is closed at once.
function cutGesture() {
  const before = draft.points;
  const start = [pointer.x, pointer.y];
  let trail = null;
  return {
    move() {
      if (!trail && isClick(start)) return;
      trail ??= [start];
      const last = trail.at(-1);
      if (Math.hypot(pointer.x - last[0], pointer.y - last[1]) >= TRAIL_STEP) trail.push([pointer.x, pointer.y]);
      draft.points = [...before, ...trail.map(([x, y]) => toSource(x, y))];
      drawOverlaySoon();
    },
    up() {
      if (trail) draft.points = [...before, ...simplified(trail).map(([x, y]) => toSource(x, y))];
      else if (before.length > 2 && isNear(before[0])) closeDraft();
      else draft.points = [...before, toSource(...start)];
      if (trail && !before.length && !closeDraft()) draft.points = [];
    },
    cancel() { draft.points = before; },
  };
}

function isNear(point, slack = pointer.slack) {
  const [x, y] = toScreen(...point);
  return Math.hypot(pointer.x - x, pointer.y - y) <= slack;
}

// Whether two points of the model are one on the screen.
function isAt([x, y], [ox, oy]) {
  return Math.hypot(x - ox, y - oy) * view.scale < CLICK_SLACK;
}

function dropLastPoint() {
  draft.points = draft.points.slice(0, -1);
  drawOverlaySoon();
}

// The fewest points of a trail so that it stays within a pixel or more (Douglas and Peucker).
function simplified(trail, slack = 1) {
  const kept = new Set([0, trail.length - 1]);
  const visit = (first, last) => {
    let [farthest, at] = [slack, -1];
    for (let index = first + 1; index < last; index++) {
      const distance = distanceTo(trail[index], trail[first], trail[last]);
      if (distance > farthest) [farthest, at] = [distance, index];
    }
    if (at < 0) return;
    kept.add(at);
    visit(first, at);
    visit(at, last);
  };
  const middle = trail.reduce((best, point, index) => (Math.hypot(point[0] - trail[0][0], point[1] - trail[0][1]) > best[0] ? [Math.hypot(point[0] - trail[0][0], point[1] - trail[0][1]), index] : best), [0, 0])[1];
  kept.add(middle); // a lasso ends where it began: its two halves are simplified
  visit(0, middle);
  visit(middle, trail.length - 1);
  return kept.size > MOST_CORNERS ? simplified(trail, 2 * slack) : trail.filter((_, index) => kept.has(index));
}

// From a point to the stretch between two others.
function distanceTo([x, y], [ax, ay], [bx, by]) {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const along = length ? clamp(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0, 1) : 0;
  return Math.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay));
}

// Returns whether the piece was cut; a refused outline stays to be changed.
function closeDraft() {
  const { id } = draft;
  const points = draft.points.filter((point, index) => index === 0 || !isAt(point, draft.points[0]));
  if (points.length < 3) return refuseCut("cut.too_few");
  const { kind, part, side } = isLabelled(id) ? labelOf(id) : decisionFor(id);
  const piece = { polygon: points.map(toGrid), part: kind === "part" ? part : null, side: kind === "part" ? side ?? null : null };
  const pieces = [...piecesOf(id), piece];
  if (!putPieces(id, pieces, pieces.length)) return false;
  chooseTool("select");
  const told = recall("cut.told", 0);
  if (told < LEARNT_AFTER) say(t("cut.made"), { kind: "good" });
  remember("cut.told", told + 1);
  return true;
}

function refuseCut(key, values = {}) {
  say(t(key, values), { kind: "bad" });
  return false;
}

// Give a fragment these pieces, of which the one at `place` (from 1) is new or was changed. Pieces that it swallows are gone. Returns whether it could be.
function putPieces(id, pieces, place) {
  if (pieces.length > MOST_PIECES || pieces.flatMap(({ polygon }) => polygon).length > MOST_POINTS) return refuseCut("cut.too_many", { n: MOST_PIECES, points: MOST_POINTS });
  const held = heldPlaces(id, pieces);
  const kept = pieces.filter((_, index) => held.has(index + 1));
  if (!held.has(place)) return refuseCut("cut.nothing_in_it");
  if (kept.length === 1 && !held.has(0)) return refuseCut("cut.all_of_it");
  if (!relabel([id], { pieces: kept })) return false;
  select([`${id}/${kept.indexOf(pieces[place - 1]) + 1}`]);
  scrollToRow(id);
  if (kept.length < pieces.length) say(t("cut.swallowed", { n: pieces.length - kept.length }), { action: { text: t("undo"), run: undo } });
  return true;
}

function removePiece(unit) {
  if (!mayEdit()) return sayWhyNot();
  const id = fragmentOf(unit);
  return relabel([id], { pieces: piecesOf(id).toSpliced(placesOf(unit)[0] - 1, 1) });
}

// The unit whose outline can be changed now: the only selected piece.
function editableUnit() {
  const units = selectedUnits();
  return units.length === 1 && pieceOf(units[0]) && state.tool === "select" && mayEdit() && isVisible(units[0]) ? units[0] : null;
}

// A gesture on the outline of the selected piece, if the pointer is there: drags a corner, or a new one out of a side; Alt and a click take a corner away.
function outlineGesture(event) {
  const unit = editableUnit();
  if (!unit) return null;
  const { polygon } = pieceOf(unit);
  const corner = polygon.findIndex((point) => isNear(fromGrid(point)));
  const screen = polygon.map((point) => toScreen(...fromGrid(point)));
  const side = corner < 0 ? screen.findIndex((point, index) => distanceTo([pointer.x, pointer.y], point, screen[(index + 1) % screen.length]) <= pointer.slack / 2) : -1;
  if (corner < 0 && side < 0) return null;
  const start = [pointer.x, pointer.y];
  const put = (next) => {
    draft.edited = null;
    if (pieceOf(unit)) putPieces(fragmentOf(unit), piecesOf(unit).with(placesOf(unit)[0] - 1, { ...pieceOf(unit), polygon: next }), placesOf(unit)[0]);
  };
  return {
    move(_event, at) {
      if (!draft.edited && isClick(start)) return;
      showTip([]);
      draft.edited = { unit, polygon: corner >= 0 ? polygon.with(corner, toGrid(at)) : polygon.toSpliced(side + 1, 0, toGrid(at)) };
      drawOverlaySoon();
    },
    up(up, to) {
      if (draft.edited) put(draft.edited.polygon);
      else if (event.altKey && corner >= 0 && polygon.length > 3) put(polygon.toSpliced(corner, 1));
      else pick(up, to);
    },
    cancel() { draft.edited = null; },
  };
}

// On the overlay: the outlines of the selected fragments' pieces, the corners of the one that can be changed, and what is being drawn.
function drawPieces(context) {
  const chosen = new Set(selectedUnits());
  for (const id of selection.ids) {
    piecesOf(id).forEach((piece, index) => {
      const unit = `${id}/${index + 1}`;
      const polygon = draft.edited?.unit === unit ? draft.edited.polygon : piece.polygon;
      const width = chosen.has(unit) ? 2.5 : 1.5;
      strokeTwice(context, width, colourOf(classOfPiece(piece)), () => context.stroke(screenPath(polygon)), chosen.has(unit) ? 3 : 1.5);
      if (unit === editableUnit()) polygon.forEach((point) => drawCorner(context, toScreen(...fromGrid(point))));
    });
  }
  if (isCutting() && draft.points.length) drawDraft(context);
}

function drawCorner(context, [x, y]) {
  context.fillStyle = "#ffffff";
  strokeTwice(context, 1, "#ffffff", () => context.strokeRect(x - 3, y - 3, 6, 6));
  context.fillRect(x - 3, y - 3, 6, 6);
}

function drawDraft(context) {
  const points = draft.points.map(([x, y]) => toScreen(x, y));
  if (pointer.inside && !gesture) points.push([pointer.x, pointer.y]);
  strokeTwice(context, 2, SELECTED_COLOUR, () => {
    context.beginPath();
    points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
  });
  if (!gesture) draft.points.slice(0, MOST_CORNERS).forEach(([x, y]) => drawCorner(context, toScreen(x, y)));
}

// Lines of the inspector: the pieces, each selected by a click, and what can be done.
function pieceLines(id) {
  const pieces = piecesOf(id);
  const chosen = selection.pieces.get(id) ?? [];
  const buttons = pieces.map((piece, index) => pieceButton(`${id}/${index + 1}`, piece, chosen.includes(index + 1)));
  if (mayEdit()) {
    const cut = textButton("cut", () => commands.get("tool.cut").run(), { className: "small", symbol: "cut", command: "tool.cut" });
    cut.append(...keyCapOf("tool.cut"));
    buttons.push(cut);
  }
  return buttons.length ? [make("div", "said-line piece-line", {}, [make("span", "said-what", { text: t("pieces") }), make("span", "clip-names", {}, buttons)])] : [];
}

function pieceButton(unit, piece, pressed) {
  const name = className(classOfPiece(piece));
  const text = piece.side ? t("with_side", { side: t(`side.${piece.side}`), name }) : name;
  const button = make("button", "button small", { type: "button", "data-piece": unit, "aria-pressed": String(pressed), title: t("piece.hint") }, [
    make("span", "number quiet", { text: formatNumber(placesOf(unit)[0]) }), swatch(classOfPiece(piece)), nameText(text),
  ]);
  button.addEventListener("pointerenter", () => hover([unit]));
  button.addEventListener("pointerleave", () => hover([]));
  button.addEventListener("click", () => select([pressed ? fragmentOf(unit) : unit]));
  if (!mayEdit()) return button;
  const remove = symbolButton("trash", "piece.remove", () => removePiece(unit), { className: "piece-remove" });
  return make("span", "piece", {}, [button, remove]);
}
