// Everything drawn over the picture: outlines of what is selected and pointed at, rings around what is tiny, the rubber band.

const SELECTED_COLOUR = "#7db1ff";
const PRIMARY_COLOUR = "#ffffff";
const TINY_ON_SCREEN = 14;  // CSS pixels
const MOST_OUTLINES = 150;  // of selected fragments; more say nothing
let contoursFrame = 0;
const contours = { on: recall("contours.on", false) };

function drawOver(context) {
  const chosen = selection.ids.slice(-MOST_OUTLINES);
  for (const id of state.hovered.slice(0, MOST_OUTLINES)) if (!chosen.includes(id)) drawOutline(context, id, 1.5, "#ffe08a");
  for (const id of chosen) drawOutline(context, id, id === primary() ? 2.5 : 2, id === primary() && chosen.length > 1 ? PRIMARY_COLOUR : SELECTED_COLOUR);
  for (const id of chosen) drawRing(context, id);
  drawPieces(context);
  if (gesture?.band) drawBand(context, gesture.band);
}

function drawRing(context, id) {
  const box = extentOf(id);
  if (!box) return;
  const size = Math.max(box[2] - box[0], box[3] - box[1]) * view.scale;
  if (size >= TINY_ON_SCREEN) return;
  const [x, y] = toScreen((box[0] + box[2]) / 2, (box[1] + box[3]) / 2);
  strokeTwice(context, 2, SELECTED_COLOUR, () => {
    context.beginPath();
    context.arc(x, y, size / 2 + 12, 0, 7);
    context.stroke();
  });
}

function drawBand(context, [left, top, right, bottom]) {
  context.fillStyle = "rgba(47, 124, 246, .14)";
  context.fillRect(left, top, right - left, bottom - top);
  context.setLineDash([5, 4]);
  strokeTwice(context, 1, "#ffffff", () => context.strokeRect(left + 0.5, top + 0.5, right - left, bottom - top));
  context.setLineDash([]);
}

function setContours(shown) {
  contours.on = shown;
  remember("contours.on", shown);
  ui.contours.hidden = !shown;
  drawContoursSoon();
  emit("look");
}

function drawContoursSoon() {
  if (contours.on && !contoursFrame) contoursFrame = requestAnimationFrame(drawContours);
}

// Outlines of everything visible, in the colours of the classes.
function drawContours() {
  contoursFrame = 0;
  const context = clearedContext(ui.contours);
  if (!state.canvas || !contours.on) return;
  for (const { id, visible } of state.doc.panel) {
    for (const unit of visible ? unitsIn(id) : []) {
      const layer = state.layers.get(unit);
      if (layer?.picture?.status !== "ready") continue;
      const outline = outlineOf(layer.picture, layer.extent);
      strokeTwice(context, 1.2, colourOf(classOf(unit)), () => context.stroke(outline), 0.8);
    }
  }
}
