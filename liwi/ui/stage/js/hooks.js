// What tests and measurements ask about a picture; not for the application. painted: the canvases that a redraw paints.

function viewHooks(painted) {
  return {
    clientPoint(x, y) {
      const frame = ui.viewport.getBoundingClientRect();
      const [left, top] = toScreen(x, y);
      return [frame.left + left, frame.top + top];
    },
    pixelAt(x, y, name = "picture") {
      redraw();
      const [left, top] = toScreen(x + 0.5, y + 0.5);
      return [...ui[name].getContext("2d").getImageData(Math.floor(left * render.ratio), Math.floor(top * render.ratio), 1, 1).data];
    },
    // Milliseconds to redraw after a change, including the rasterising that the browser would do later.
    measure(change) {
      redraw();
      const contexts = painted.map((canvas) => canvas.getContext("2d"));
      const finish = () => contexts.forEach((context) => context.getImageData(0, 0, 1, 1));
      finish();
      const start = performance.now();
      change();
      redraw();
      finish();
      return performance.now() - start;
    },
  };
}
