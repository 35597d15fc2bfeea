// What lies under the cursor, by each layer's own alpha, and the outline of a layer.

const ALPHA_SIDE = 1024;  // longest side of the alpha kept for picking
const CONTOUR_SIDE = 384; // longest side of the alpha that outlines are traced on
const PICK_ALPHA = 24;    // of 255: what a person sees as "there"

function alphaOf(picture) {
  return (picture.alpha ??= readAlpha(picture, ALPHA_SIDE));
}

function readAlpha(picture, side) {
  const bitmap = picture.levels[0];
  const shrink = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * shrink));
  const height = Math.max(1, Math.round(bitmap.height * shrink));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(levelFor(picture, shrink), 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height).data;
  const values = new Uint8Array(width * height);
  for (let index = 0; index < values.length; index++) values[index] = pixels[4 * index + 3];
  return { width, height, values };
}

function alphaAt(id, x, y) {
  const layer = state.layers.get(id);
  if (layer?.picture?.status !== "ready" || !layer.extent) return 0;
  const box = extentOf(id);
  if (x < box[0] || y < box[1] || x >= box[2] || y >= box[3]) return 0;
  const alpha = alphaOf(layer.picture);
  const column = Math.min(alpha.width - 1, Math.floor(((x - box[0]) / (box[2] - box[0])) * alpha.width));
  const row = Math.min(alpha.height - 1, Math.floor(((y - box[1]) / (box[3] - box[1])) * alpha.height));
  return alpha.values[row * alpha.width + column];
}

function isUnder(record, x, y) {
  const inside = x >= 0 && y >= 0 && x < state.canvas.width && y < state.canvas.height;
  return inside && record.visible && record.opacity > 0 && !record.locked && alphaAt(record.id, x, y) >= PICK_ALPHA;
}

// Ids of the visible, unlocked layers under a source point, topmost first.
function layersAt(x, y) {
  return state.doc.panel.filter((record) => isUnder(record, x, y)).map((record) => record.id).reverse();
}

function topLayerAt(x, y) {
  return state.doc.panel.findLast((record) => isUnder(record, x, y))?.id ?? null;
}

// The outline of a picture's alpha as a path in the unit square: marching squares at half coverage.
function contourOf(picture) {
  if (picture.contour) return picture.contour;
  const { width, height, values } = readAlpha(picture, CONTOUR_SIDE);
  const level = 96;
  const at = (column, row) => (column < 0 || row < 0 || column >= width || row >= height ? 0 : values[row * width + column]);
  const path = new Path2D();
  const cut = (a, b) => (level - a) / (b - a);
  for (let row = -1; row < height; row++) {
    for (let column = -1; column < width; column++) {
      const [a, b, c, d] = [at(column, row), at(column + 1, row), at(column + 1, row + 1), at(column, row + 1)];
      const crossings = [];
      const [x, y] = [column + 0.5, row + 0.5];
      if (a >= level !== b >= level) crossings.push([x + cut(a, b), y]);
      if (b >= level !== c >= level) crossings.push([x + 1, y + cut(b, c)]);
      if (d >= level !== c >= level) crossings.push([x + cut(d, c), y + 1]);
      if (a >= level !== d >= level) crossings.push([x, y + cut(a, d)]);
      for (let index = 0; index + 1 < crossings.length; index += 2) {
        path.moveTo(crossings[index][0] / width, crossings[index][1] / height);
        path.lineTo(crossings[index + 1][0] / width, crossings[index + 1][1] / height);
      }
    }
  }
  return (picture.contour = path);
}
