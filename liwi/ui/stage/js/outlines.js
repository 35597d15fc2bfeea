// What is drawn over the picture is drawn once per frame, in CSS pixels; lines and outlines that show on any picture.
// Whose picture it is draws the rest: `drawOver(context)`.

let overlayFrame = 0;

function drawOverlaySoon() {
  if (!overlayFrame) overlayFrame = requestAnimationFrame(drawOverlay);
}

function drawOverlay() {
  overlayFrame = 0;
  const context = clearedContext(ui.overlay);
  if (state.canvas) drawOver(context);
}

// Of a canvas over the whole view, emptied.
function clearedContext(canvas) {
  const context = canvas.getContext("2d");
  context.setTransform(render.ratio, 0, 0, render.ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  return context;
}

// A line that shows on any picture: dark below, bright above. rim: how much wider the dark one is.
function strokeTwice(context, width, colour, trace, rim = 2) {
  context.lineJoin = "round";
  for (const [lineWidth, style] of [[width + rim, "rgba(0, 0, 0, .55)"], [width, colour]]) {
    context.lineWidth = lineWidth;
    context.strokeStyle = style;
    trace();
  }
}

// The outline of a picture that fills `box`, where {scale, x, y} puts it.
function outlineOf(picture, box, { scale, x, y } = view) {
  const outline = new Path2D();
  const [width, height] = [(box[2] - box[0]) * scale, (box[3] - box[1]) * scale];
  outline.addPath(contourOf(picture), new DOMMatrix([width, 0, 0, height, box[0] * scale + x, box[1] * scale + y]));
  return outline;
}

// Of a layer; dashed while it is hidden.
function drawOutline(context, id, width, colour) {
  const { picture } = state.layers.get(id) ?? {};
  const box = extentOf(id);
  if (!box || picture?.status !== "ready") return;
  const outline = outlineOf(picture, box);
  context.setLineDash(recordOf(id)?.visible ? [] : [6, 4]);
  strokeTwice(context, width, colour, () => context.stroke(outline));
  context.setLineDash([]);
}
