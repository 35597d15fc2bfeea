// Everything drawn over the picture: outlines of what is selected and pointed at, rings around what is tiny, the rubber band.

const SELECTED_COLOUR = "#7db1ff";
const PRIMARY_COLOUR = "#ffffff";
const TINY_ON_SCREEN = 14;  // CSS pixels
const MOST_OUTLINES = 150;  // of selected fragments; more say nothing
let overlayFrame = 0;
let contoursFrame = 0;
const contours = { on: recall("contours.on", false) };

function drawOverlaySoon() {
  if (!overlayFrame) overlayFrame = requestAnimationFrame(drawOverlay);
}

function drawOverlay() {
  overlayFrame = 0;
  const context = ui.overlay.getContext("2d");
  context.setTransform(render.ratio, 0, 0, render.ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  if (!state.canvas) return;
  const chosen = selection.ids.slice(-MOST_OUTLINES);
  for (const id of state.hovered.slice(0, MOST_OUTLINES)) if (!chosen.includes(id)) drawOutline(context, id, 1.5, "#ffe08a");
  for (const id of chosen) drawOutline(context, id, id === primary() ? 2.5 : 2, id === primary() && chosen.length > 1 ? PRIMARY_COLOUR : SELECTED_COLOUR);
  for (const id of chosen) drawRing(context, id);
  if (gesture?.band) drawBand(context, gesture.band);
}

// A line that shows on any picture: dark below, bright above.
function strokeTwice(context, width, colour, trace, rim = 2) {
  context.lineJoin = "round";
  for (const [lineWidth, style] of [[width + rim, "rgba(0, 0, 0, .6)"], [width, colour]]) {
    context.lineWidth = lineWidth;
    context.strokeStyle = style;
    trace();
  }
}

function outlineOnScreen(layer) {
  const { extent } = layer;
  const [left, top] = toScreen(extent[0], extent[1]);
  const outline = new Path2D();
  outline.addPath(contourOf(layer.picture), new DOMMatrix([(extent[2] - extent[0]) * view.scale, 0, 0, (extent[3] - extent[1]) * view.scale, left, top]));
  return outline;
}

// A hidden fragment's outline is dashed.
function drawOutline(context, id, width, colour) {
  const layer = state.layers.get(id);
  if (layer?.picture?.status !== "ready") return;
  const outline = outlineOnScreen(layer);
  context.setLineDash(scene.records.get(id)?.visible ? [] : [6, 4]);
  strokeTwice(context, width, colour, () => context.stroke(outline));
  context.setLineDash([]);
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
  const context = ui.contours.getContext("2d");
  context.setTransform(render.ratio, 0, 0, render.ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  if (!state.canvas || !contours.on) return;
  for (const { id, visible } of state.doc.panel) {
    const layer = state.layers.get(id);
    if (!visible || layer?.picture?.status !== "ready") continue;
    const outline = outlineOnScreen(layer);
    strokeTwice(context, 1.2, colourOf(classOf(id)), () => context.stroke(outline), 0.8);
  }
}
