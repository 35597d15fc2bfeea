// Everything that the stage draws over the picture: outlines, boxes with handles, keep and drop marks, the brush.

const ACCENT = "#2f7cf6";
const KEEP = "#12805c";
const DROP = "#c8402a";
const HANDLE = 9; // CSS pixels

function drawOver(context) {
  for (const id of state.selected) drawOutline(context, id, 2, "#7db1ff");
  const pointsAtBackground = pointer.inside && state.layers.get(state.hovered)?.role === "background"; // an outline would only flicker
  if (state.hovered && !state.selected.includes(state.hovered) && !pointsAtBackground) drawOutline(context, state.hovered, 1.5, "#ffffff");
  for (const id of state.selected) drawPromptBox(context, id);
  state.doc.hints.forEach((hint) => drawHint(context, hint));
  if (gesture?.hint) drawHint(context, gesture.hint);
  state.doc.boxes.forEach((box, index) => drawBox(context, box, index));
  if (gesture?.draft) drawBox(context, { id: null, box: gesture.draft, name: "" }, state.doc.boxes.length);
  drawBrush(context);
}

function screenBox(box) {
  const [left, top] = toScreen(box[0], box[1]);
  const [right, bottom] = toScreen(box[2], box[3]);
  return [Math.round(left) + 0.5, Math.round(top) + 0.5, Math.round(right) - Math.round(left), Math.round(bottom) - Math.round(top)];
}

function drawPromptBox(context, id) {
  const box = state.layers.get(id)?.promptBox;
  if (!box) return;
  context.setLineDash([5, 5]);
  strokeTwice(context, 1, "rgba(255, 255, 255, .8)", () => context.strokeRect(...screenBox(box)));
  context.setLineDash([]);
}

function drawBox(context, box, index) {
  const chosen = box.id === state.selectedBox || box.id === null;
  const frame = screenBox(box.box);
  context.fillStyle = chosen ? "rgba(47, 124, 246, .12)" : "rgba(47, 124, 246, .05)";
  context.fillRect(...frame);
  strokeTwice(context, chosen ? 2 : 1.5, chosen ? "#ffffff" : "#a8caff", () => context.strokeRect(...frame));
  drawTag(context, frame, box.name || `Box ${index + 1}`, chosen);
  if (chosen && box.id) for (const [x, y] of handlePoints(box.box).values()) drawHandle(context, x, y);
}

function drawTag(context, frame, text, chosen) {
  context.font = "600 12px system-ui, sans-serif";
  const shown = text.length > 24 ? `${text.slice(0, 23)}…` : text;
  const width = context.measureText(shown).width + 12;
  const y = frame[1] >= 20 ? frame[1] - 19 : frame[1] + 2;
  context.fillStyle = chosen ? ACCENT : "rgba(20, 24, 32, .8)";
  context.beginPath();
  context.roundRect(frame[0] - 1, y, width, 18, 4);
  context.fill();
  context.fillStyle = "#ffffff";
  context.textBaseline = "middle";
  context.fillText(shown, frame[0] + 5, y + 9.5);
}

function drawHandle(context, x, y) {
  context.fillStyle = "#ffffff";
  context.strokeStyle = ACCENT;
  context.lineWidth = 1.5;
  context.beginPath();
  context.rect(Math.round(x) - HANDLE / 2 + 0.5, Math.round(y) - HANDLE / 2 + 0.5, HANDLE - 1, HANDLE - 1);
  context.fill();
  context.stroke();
}

// The eight handles of a box on the screen: name of the edge or corner -> point.
function handlePoints(box) {
  const [left, top, width, height] = screenBox(box);
  const [middle, centre] = [left + width / 2, top + height / 2];
  const points = new Map([
    ["nw", [left, top]], ["ne", [left + width, top]], ["se", [left + width, top + height]], ["sw", [left, top + height]],
  ]);
  if (width > 3 * HANDLE) points.set("n", [middle, top]).set("s", [middle, top + height]);
  if (height > 3 * HANDLE) points.set("e", [left + width, centre]).set("w", [left, centre]);
  return points;
}

// Keep is green with plus signs, drop is red, dashed, with minus signs: the signs tell them apart without colour.
function drawHint(context, hint) {
  const keep = hint.kind === "keep";
  const points = hint.path.map(([x, y]) => toScreen(x + 0.5, y + 0.5));
  const radius = Math.max(hint.radius * view.scale, 2);
  context.globalAlpha = 0.45;
  context.strokeStyle = context.fillStyle = keep ? KEEP : DROP;
  context.lineWidth = 2 * radius;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  if (points.length === 1) context.arc(...points[0], radius, 0, 7);
  else points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (points.length === 1) context.fill();
  else context.stroke();
  context.globalAlpha = 1;
  let last = null;
  for (const [x, y] of points) {
    if (last && Math.hypot(x - last[0], y - last[1]) < 34) continue;
    last = [x, y];
    drawSign(context, x, y, keep);
  }
}

function drawSign(context, x, y, keep) {
  context.beginPath();
  if (keep) context.arc(x, y, 8, 0, 7);
  else context.roundRect(x - 8, y - 8, 16, 16, 3);
  context.fillStyle = keep ? KEEP : DROP;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = "#ffffff";
  context.stroke();
  context.lineWidth = 2.2;
  context.beginPath();
  context.moveTo(x - 4, y);
  context.lineTo(x + 4, y);
  if (keep) {
    context.moveTo(x, y - 4);
    context.lineTo(x, y + 4);
  }
  context.stroke();
}

function drawBrush(context) {
  if (state.tool !== "keep" && state.tool !== "drop") return;
  const at = state.crosshair ? toScreen(state.crosshair[0] + 0.5, state.crosshair[1] + 0.5) : pointer.inside ? [pointer.x, pointer.y] : null;
  if (!at) return;
  const radius = Math.max(state.brush * view.scale, 2);
  strokeTwice(context, 1.5, state.tool === "keep" ? "#7fe3bd" : "#ff9d8a", () => {
    context.beginPath();
    context.arc(...at, radius, 0, 7);
    context.moveTo(at[0] - 4, at[1]);
    context.lineTo(at[0] + 4, at[1]);
    if (state.tool === "keep") {
      context.moveTo(at[0], at[1] - 4);
      context.lineTo(at[0], at[1] + 4);
    }
    context.stroke();
  });
}
