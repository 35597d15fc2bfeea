// Boxes [left, top, right, bottom] and the view: where source pixels fall on the screen.

function union(a, b) {
  if (!a || !b) return a || b;
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

function meets(a, b) {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

function shifted(box, offset) {
  return offset ? [box[0] + offset[0], box[1] + offset[1], box[2] + offset[0], box[3] + offset[1]] : box;
}

function canvasBox() {
  return [0, 0, state.canvas.width, state.canvas.height];
}

const MAX_SCALE = 32;
const view = { scale: 1, x: 0, y: 0, width: 1, height: 1, fitted: true }; // screen = source * scale + (x, y), in CSS pixels

function toSource(screenX, screenY) {
  return [(screenX - view.x) / view.scale, (screenY - view.y) / view.scale];
}

function toScreen(x, y) {
  return [x * view.scale + view.x, y * view.scale + view.y];
}

function fitScale(box, margin = 24) {
  const roomX = Math.max(view.width - 2 * margin, 32);
  const roomY = Math.max(view.height - 2 * margin, 32);
  return Math.min(roomX / (box[2] - box[0]), roomY / (box[3] - box[1]));
}

function minScale() {
  return Math.min(fitScale(canvasBox()) * 0.5, 1);
}

function fitView() {
  if (!state.canvas) return;
  showBox(canvasBox(), Math.min(fitScale(canvasBox()), 8));
  view.fitted = true;
}

function showBox(box, scale = Math.min(fitScale(box, 48), 8)) {
  view.fitted = false;
  view.scale = clamp(scale, minScale(), MAX_SCALE);
  view.x = (view.width - (box[0] + box[2]) * view.scale) / 2;
  view.y = (view.height - (box[1] + box[3]) * view.scale) / 2;
  viewChanged();
}

// Zoom so that the source point under (screenX, screenY) stays there.
function zoomAt(screenX, screenY, scale) {
  if (!state.canvas) return;
  const [x, y] = toSource(screenX, screenY);
  view.scale = clamp(scale, minScale(), MAX_SCALE);
  view.x = screenX - x * view.scale;
  view.y = screenY - y * view.scale;
  view.fitted = false;
  viewChanged();
}

function zoomBy(factor) {
  zoomAt(view.width / 2, view.height / 2, view.scale * factor);
}

function deviceRatio() {
  return window.devicePixelRatio || 1;
}

// 100 %: one pixel of the picture on one pixel of the screen.
function showPixels() {
  zoomAt(view.width / 2, view.height / 2, 1 / deviceRatio());
}

function panBy(dx, dy) {
  view.x += dx;
  view.y += dy;
  view.fitted = false;
  viewChanged();
}

// Keep a corner of the picture in sight, then redraw everything that depends on the view.
function viewChanged() {
  const sight = 48;
  view.x = clamp(view.x, sight - state.canvas.width * view.scale, view.width - sight);
  view.y = clamp(view.y, sight - state.canvas.height * view.scale, view.height - sight);
  const scale = view.scale * render.ratio;
  if (scale !== render.settled) render.settled = 0;
  if (scale === 1 || render.settled) snapView();
  settleSoon();
  render.hold = false; // better a layer late than a picture that does not follow the hand
  invalidate(null);
  placeBackdrop();
  drawOverlaySoon();
  refreshZoom();
}

// Put the picture on whole pixels of the screen: 100 % is sharp, and scaled copies of layers stay valid.
function snapView() {
  view.x = Math.round(view.x * render.ratio) / render.ratio;
  view.y = Math.round(view.y * render.ratio) / render.ratio;
}

function viewResized(width, height) {
  if (width < 2 || height < 2) return; // the tab is hidden
  const [dx, dy] = [(width - view.width) / 2, (height - view.height) / 2];
  view.width = Math.max(width, 1);
  view.height = Math.max(height, 1);
  resizeCanvases();
  if (!state.canvas) return;
  if (view.fitted) fitView();
  else panBy(dx, dy);
}
