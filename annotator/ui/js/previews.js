// Two pictures of the selection: the fragment alone, and everything of its class together, where a false positive is seen at once.

const previews = []; // {alone, group, ...} of every place that shows them
let previewsFrame = 0;

// One after the other: the selected fragment, and its class; a click on the second selects what is under it.
function buildPreviews() {
  const entry = {};
  const figureOf = (name) => {
    entry[name] = make("canvas", "preview-picture", { role: "img" });
    entry[`${name}Words`] = make("figcaption", "preview-words");
    return make("figure", `preview ${name}`, {}, [entry[name], entry[`${name}Words`]]);
  };
  entry.node = make("div", "previews", {}, [figureOf("alone"), figureOf("group")]);
  entry.group.addEventListener("click", (event) => pickInPreview(entry, event));
  new ResizeObserver(drawPreviewsSoon).observe(entry.node);
  previews.push(entry);
  drawPreviewsSoon();
  return entry.node;
}

function startPreviews() {
  for (const name of ["model", "drawn", "selection", "labels", "language"]) on(name, drawPreviewsSoon);
}

function drawPreviewsSoon() {
  if (!previewsFrame) previewsFrame = requestAnimationFrame(drawPreviews);
}

function drawPreviews() {
  previewsFrame = 0;
  for (const entry of previews) if (entry.node.isConnected) drawPreview(entry);
}

function drawPreview(entry) {
  const id = primaryUnit();
  const ratio = deviceRatio();
  for (const canvas of [entry.alone, entry.group]) {
    const { clientWidth, clientHeight } = canvas;
    if (clientWidth < 2) return; // out of sight
    Object.assign(canvas, { width: Math.round(clientWidth * ratio), height: Math.round(clientHeight * ratio) });
  }
  entry.ids = id === null ? [] : allUnits().filter((unit) => classOf(unit) === classOf(id));
  const layers = entry.ids.map((one) => state.layers.get(one)).filter((layer) => layer?.extent);
  const own = state.layers.get(id);
  if (own?.extent) drawFitted(entry.alone, [own], own.extent, 6 * ratio);
  entry.box = extentOfAll(entry.ids);
  entry.place = entry.box ? drawFitted(entry.group, layers, entry.box, 6 * ratio) : null;
  if (entry.place && own?.picture?.status === "ready" && layers.length > 1) outlineIn(entry.group, own, entry.place);
  entry.aloneWords.textContent = id === null ? t("preview.nothing") : unitName(id);
  entry.groupWords.textContent = id === null ? "" : t("preview.class", { name: className(classOf(id)), n: entry.ids.length });
  entry.alone.setAttribute("aria-label", id === null ? t("preview.nothing") : t("preview.alone_name", { name: unitName(id) }));
  entry.group.setAttribute("aria-label", entry.groupWords.textContent);
}

// Draw layers so that `box` fills the canvas but for a margin (in its pixels); returns where they fell.
function drawFitted(canvas, layers, box, margin) {
  const [width, height] = [box[2] - box[0], box[3] - box[1]];
  const scale = Math.min((canvas.width - 2 * margin) / width, (canvas.height - 2 * margin) / height, 4);
  const [x, y] = [(canvas.width - width * scale) / 2 - box[0] * scale, (canvas.height - height * scale) / 2 - box[1] * scale];
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, x, y);
  for (const { picture, extent } of layers) if (picture?.status === "ready") drawScaled(context, picture, extent, scale);
  return { scale, x, y };
}

function outlineIn(canvas, { picture, extent }, place) {
  const context = canvas.getContext("2d");
  const outline = outlineOf(picture, extent, place);
  context.setTransform(1, 0, 0, 1, 0, 0);
  strokeTwice(context, 1.5, SELECTED_COLOUR, () => context.stroke(outline));
}

function pickInPreview(entry, event) {
  if (!entry.place) return;
  const frame = entry.group.getBoundingClientRect();
  const ratio = entry.group.width / frame.width;
  const x = ((event.clientX - frame.left) * ratio - entry.place.x) / entry.place.scale;
  const y = ((event.clientY - frame.top) * ratio - entry.place.y) / entry.place.scale;
  const found = [...entry.ids].reverse().find((id) => alphaAt(id, x, y) >= PICK_ALPHA);
  if (found === undefined) return;
  select([found]);
  scrollToRow(fragmentOf(found));
}
