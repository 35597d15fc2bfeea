// The colours of the classes over the picture, on a canvas of their own; how strong is the canvas's opacity, so that the slider is free.

const TINT_SIDE = 640; // longest side of a coloured silhouette
const tint = { on: recall("tint.on", false), strength: recall("tint.strength", 0.6) };

function startTint() {
  setTint(tint.on);
  on("labels", ({ ids }) => {
    if (!tint.on || !state.canvas) return;
    const box = extentOfAll(ids ?? [...model.byId.keys()]);
    if (box) invalidate(box);
  });
}

function setTint(shown) {
  tint.on = shown;
  remember("tint.on", shown);
  ui.tint.hidden = !shown;
  ui.tint.style.opacity = tint.strength;
  if (shown) invalidate(null);
  emit("look");
}

function setTintStrength(value) {
  tint.strength = clamp(value, 0.05, 1);
  remember("tint.strength", tint.strength);
  ui.tint.style.opacity = tint.strength;
  emit("look");
}

function drawTint(clip) {
  if (!tint.on || !clip) return;
  const context = ui.tint.getContext("2d");
  startClip(context, clip);
  context.clearRect(clip[0], clip[1], clip[2] - clip[0], clip[3] - clip[1]);
  if (state.canvas) {
    useSourcePixels(context);
    const scale = view.scale * render.ratio;
    const seen = sourceRegion(clip);
    for (const record of state.doc.panel) {
      if (!record.visible) continue;
      context.globalAlpha = record.opacity;
      for (const unit of unitsIn(record.id)) {
        const layer = state.layers.get(unit);
        if (layer?.picture?.status !== "ready" || !meets(layer.extent, seen)) continue;
        const coloured = silhouette(layer);
        if (render.settled === scale) drawCopy(context, coloured, scale);
        else drawScaled(context, coloured.picture, coloured.extent, scale);
      }
    }
  }
  context.restore();
}

// The fragment in the colour of its class, as a layer; made once per class.
function silhouette(layer) {
  const name = classOf(layer.id);
  if (layer.tint?.name === name && layer.tint.of === layer.picture) return layer.tint;
  const bitmap = layer.picture.levels[0];
  const level = levelFor(layer.picture, Math.min(1, TINT_SIDE / Math.max(bitmap.width, bitmap.height)));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: level.width, height: level.height });
  const context = canvas.getContext("2d");
  for (let time = 0; time < 4; time++) context.drawImage(level, 0, 0); // a blush is faint, its colour shall not be
  context.globalCompositeOperation = "source-in";
  context.fillStyle = colourOf(name);
  context.fillRect(0, 0, canvas.width, canvas.height);
  if (STRIPED.has(name)) drawStripes(context, stripeOf(name), level.width / (layer.extent[2] - layer.extent[0]));
  layer.tint = { name, of: layer.picture, extent: layer.extent, picture: { levels: [canvas] }, copy: null };
  return layer.tint;
}

// Stripes about ten screen pixels apart where the whole model is in sight.
function drawStripes(context, colour, shrink) {
  const { width, height } = context.canvas;
  const step = Math.max(5, (10 / fitScale(canvasBox())) * shrink);
  context.globalCompositeOperation = "source-atop";
  context.strokeStyle = colour;
  context.lineWidth = step * 0.3;
  context.beginPath();
  for (let at = -height; at < width; at += step) {
    context.moveTo(at, height);
    context.lineTo(at + height, 0);
  }
  context.stroke();
}
