// The picture canvas: a window of device pixels onto the layers, never a canvas of picture size. Layers are composited onto
// transparency, so that blend modes mean the same over every backdrop; the backdrop is an element behind the canvas.
// Who draws with it says what else there is: `viewCanvases()`, `afterRedraw(clip, whole)` and `viewMoved()`.

const MAX_CANVAS_PIXELS = 16e6;
const PIXELATED_FROM = 3; // device pixels per source pixel above which single pixels are shown
const SETTLE_MS = 150;
const render = {
  ratio: 1,         // device pixels per CSS pixel
  dirty: undefined, // region to redraw; undefined: none, null: all
  frame: 0,
  hold: false,      // wait for pictures on their way
  settled: 0,       // device pixels per source pixel for which layers keep scaled copies; 0: none
  settleTimer: 0,
  lastMs: 0,
  scratch: null,
};

function resizeCanvases() {
  const wanted = deviceRatio();
  render.settled = 0;
  render.ratio = Math.min(wanted, Math.sqrt(MAX_CANVAS_PIXELS / (view.width * view.height)));
  for (const canvas of viewCanvases()) {
    canvas.width = Math.max(1, Math.round(view.width * render.ratio));
    canvas.height = Math.max(1, Math.round(view.height * render.ratio));
  }
  invalidate(null);
  drawOverlaySoon();
}

// Ask for a redraw of a region in source pixels (null: everything) before the next frame.
function invalidate(region) {
  render.dirty = region === null || render.dirty === null ? null : union(render.dirty, region);
  if (!render.frame) render.frame = requestAnimationFrame(redraw);
}

function redraw() {
  cancelAnimationFrame(render.frame);
  render.frame = 0;
  if (render.dirty === undefined || render.hold) return;
  const start = performance.now();
  const clip = deviceClip(render.dirty);
  const whole = render.dirty === null;
  render.dirty = undefined;
  if (clip) drawPicture(ui.picture.getContext("2d"), clip);
  afterRedraw(clip, whole);
  render.lastMs = performance.now() - start;
}

// Whole device pixels covering a region of the source, [left, top, right, bottom], inside picture and window; null: nothing.
function deviceClip(region) {
  if (!region || !state.canvas) return [0, 0, ui.picture.width, ui.picture.height];
  const scale = view.scale * render.ratio;
  const margin = 2; // smoothing reaches over the edge
  const box = [
    Math.floor(region[0] * scale + view.x * render.ratio) - margin, Math.floor(region[1] * scale + view.y * render.ratio) - margin,
    Math.ceil(region[2] * scale + view.x * render.ratio) + margin, Math.ceil(region[3] * scale + view.y * render.ratio) + margin,
  ];
  const clipped = [Math.max(box[0], 0), Math.max(box[1], 0), Math.min(box[2], ui.picture.width), Math.min(box[3], ui.picture.height)];
  return clipped[0] < clipped[2] && clipped[1] < clipped[3] ? clipped : null;
}

// The other way round: what a clip of the window shows of the source.
function sourceRegion(clip) {
  const scale = view.scale * render.ratio;
  const [x, y] = [view.x * render.ratio, view.y * render.ratio];
  return [(clip[0] - x) / scale, (clip[1] - y) / scale, (clip[2] - x) / scale, (clip[3] - y) / scale];
}

function startClip(context, clip) {
  context.save();
  context.beginPath();
  context.rect(clip[0], clip[1], clip[2] - clip[0], clip[3] - clip[1]);
  context.clip();
}

// From here on the context draws in source pixels, inside the canvas of the picture.
function useSourcePixels(context) {
  const scale = view.scale * render.ratio;
  context.setTransform(scale, 0, 0, scale, view.x * render.ratio, view.y * render.ratio);
  if (Object.keys(state.doc.offsets).length) return; // layers moved aside are seen beyond the picture's edge too
  context.beginPath();
  context.rect(0, 0, state.canvas.width, state.canvas.height);
  context.clip();
}

function drawPicture(context, clip) {
  startClip(context, clip);
  context.clearRect(clip[0], clip[1], clip[2] - clip[0], clip[3] - clip[1]);
  if (state.canvas) {
    useSourcePixels(context);
    const scale = view.scale * render.ratio;
    const seen = sourceRegion(clip);
    for (const record of state.doc.panel) drawLayer(context, record, seen, scale);
  }
  context.restore();
  if (state.canvas) drawShadow(context, clip);
}

function drawLayer(context, record, seen, scale) {
  const layer = state.layers.get(record.id);
  if (!record.visible || record.opacity === 0 || layer?.picture?.status !== "ready" || !layer.extent) return;
  const offset = state.doc.offsets[record.id];
  const box = shifted(layer.extent, offset);
  if (!meets(box, seen)) return;
  context.globalAlpha = record.opacity;
  context.globalCompositeOperation = BLEND_OPERATIONS[record.blend];
  if (render.settled === scale && !offset) drawCopy(context, layer, scale);
  else drawScaled(context, layer.picture, box, scale);
}

// Once the zoom rests below 100 %, every layer keeps a copy scaled to it: toggling and panning then copy pixels and resample nothing.
function settleSoon() {
  clearTimeout(render.settleTimer);
  if (render.settled) return;
  render.settleTimer = setTimeout(() => {
    const scale = view.scale * render.ratio;
    if (!state.canvas || scale >= 1) return;
    render.settled = scale;
    viewChanged();
  }, SETTLE_MS);
}

function drawCopy(context, layer, scale) {
  if (layer.copy?.scale !== scale || layer.copy.picture !== layer.picture) layer.copy = scaledCopy(layer, scale);
  const { canvas, left, top } = layer.copy;
  context.setTransform(1, 0, 0, 1, Math.round(view.x * render.ratio), Math.round(view.y * render.ratio));
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, left, top);
  context.setTransform(scale, 0, 0, scale, view.x * render.ratio, view.y * render.ratio);
}

function scaledCopy(layer, scale) {
  const [left, top] = [Math.floor(layer.extent[0] * scale), Math.floor(layer.extent[1] * scale)];
  const [right, bottom] = [Math.ceil(layer.extent[2] * scale), Math.ceil(layer.extent[3] * scale)];
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: Math.max(1, right - left), height: Math.max(1, bottom - top) });
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, -left, -top);
  drawScaled(context, layer.picture, layer.extent, scale);
  return { scale, picture: layer.picture, canvas, left, top };
}

function drawScaled(context, picture, box, scale) {
  const shrink = ((box[2] - box[0]) * scale) / picture.levels[0].width;
  context.imageSmoothingEnabled = shrink !== 1 && scale < PIXELATED_FROM; // at exactly 1 pixels meet pixels
  context.drawImage(levelFor(picture, shrink), box[0], box[1], box[2] - box[0], box[3] - box[1]);
}

// The shadow changes colours, never coverage. Over an opaque picture two plain draws do; otherwise it is worked out on a copy made
// opaque (drawing a picture over itself keeps its colour and raises its alpha), which then gets its own alpha back.
function drawShadow(context, clip) {
  const shadow = state.shadow;
  if (!shadow || !state.doc.shadowVisible) return;
  const box = deviceClip(shadow.extent);
  if (!box || !meets(box, clip)) return;
  const part = [Math.max(box[0], clip[0]), Math.max(box[1], clip[1]), Math.min(box[2], clip[2]), Math.min(box[3], clip[3])];
  if (pictureIsOpaque()) {
    startClip(context, part);
    applyShadow(context, shadow);
    context.restore();
    return;
  }
  const [width, height] = [part[2] - part[0], part[3] - part[1]];
  render.scratch ??= document.createElement("canvas");
  Object.assign(render.scratch, { width: ui.picture.width, height: ui.picture.height });
  const scratch = render.scratch.getContext("2d");
  startClip(scratch, part);
  scratch.drawImage(ui.picture, part[0], part[1], width, height, part[0], part[1], width, height);
  for (let pass = 0; pass < 6; pass++) {
    scratch.drawImage(render.scratch, part[0], part[1], width, height, part[0], part[1], width, height);
  }
  applyShadow(scratch, shadow);
  scratch.globalCompositeOperation = "destination-in";
  scratch.drawImage(ui.picture, 0, 0);
  scratch.restore();
  startClip(context, part);
  context.clearRect(part[0], part[1], width, height);
  context.drawImage(render.scratch, 0, 0);
  context.restore();
}

function applyShadow(context, shadow) {
  context.save();
  useSourcePixels(context);
  for (const [picture, operation] of [[shadow.multiply, "multiply"], [shadow.add, "lighter"]]) {
    if (picture?.status !== "ready") continue;
    context.globalCompositeOperation = operation;
    drawScaled(context, picture, shadow.extent, view.scale * render.ratio);
  }
  context.restore();
}

function pictureIsOpaque() {
  return state.doc.panel.some((record) => {
    const layer = state.layers.get(record.id);
    return layer?.role === "background" && layer.picture?.status === "ready" && record.visible && record.opacity === 1
      && record.blend === "normal" && !state.doc.offsets[record.id];
  });
}

function placeBackdrop() {
  const [left, top] = toScreen(0, 0);
  Object.assign(ui.backdrop.style, {
    left: `${left}px`, top: `${top}px`, width: `${state.canvas.width * view.scale}px`, height: `${state.canvas.height * view.scale}px`,
  });
  viewMoved();
}
