// Before and after: the source on a canvas of its own, up to a divider that can be dragged.

function viewCanvases() {
  return [ui.picture, ui.sourcePicture, ui.overlay];
}

function afterRedraw(_clip, whole) {
  if (whole) drawSource();
}

function viewMoved() {
  placeDivider();
}

// Moving the divider only moves a clip.
function drawSource() {
  const wanted = state.canvas && state.source?.status === "ready" && (state.compare.on || state.compare.peek);
  ui.sourcePicture.hidden = !wanted;
  if (!wanted) return;
  const context = ui.sourcePicture.getContext("2d");
  context.clearRect(0, 0, ui.sourcePicture.width, ui.sourcePicture.height);
  context.save();
  useSourcePixels(context);
  drawScaled(context, state.source, canvasBox(), view.scale * render.ratio);
  context.restore();
  placeDivider();
}

function placeDivider() {
  const { on, at, peek } = state.compare;
  const shown = on && Boolean(state.canvas) && !peek;
  ui.divider.hidden = !shown;
  const x = state.canvas ? clamp(toScreen(at * state.canvas.width, 0)[0], 0, view.width) : 0;
  ui.divider.style.left = `${x}px`;
  ui.divider.setAttribute("aria-valuenow", String(Math.round(at * 100)));
  ui.sourcePicture.style.clipPath = peek ? "none" : `inset(0 ${view.width - x}px 0 0)`;
}
