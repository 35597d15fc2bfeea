// The bar above the canvas, and the line below it.

Object.assign(ICON_PATHS, {
  xray: ["M5 3v18M19 3v18", "M8 6h8M8 10h8M8 14h8M8 18h8"],
  colours: ["M12 3a9 9 0 1 0 0 18c1.500 0 2-1 1.500-2-.7-1.500.2-3 2-3H18a3 3 0 0 0 3-3c0-5.500-4-10-9-10z", "FM7 11h2v2H7zM10.500 6.500h2v2h-2zM15 9h2v2h-2z"],
  contours: ["M5 8c3-5 11-5 14 0s1 9-3 11-9 1-11-3-1-6 0-8z", "M9 10c2-2 5-1 6 1s0 4-3 4-5-3-3-5z"],
  target: ["M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14z", "M12 2v6M12 16v6M2 12h6M16 12h6"],
  pixels: ["M6 8l2-1v10M18 8l-2 1M16 8v9", "FM11 9h2v2h-2zM11 14h2v2h-2z"],
  before: ["M15 5l-7 7 7 7"],
  after: ["M9 5l7 7-7 7"],
  unfold: ["M4 6h16M8 12h12M8 18h12"],
  foldUp: ["M4 6h16M4 12h16M4 18h16"],
  folder: ["M3 6h6l2 2h10v11H3z"],
  cut: ["M7 15.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z", "M17 15.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z", "M8.500 16L17 3M15.500 16L7 3"],
});

const BACKDROPS = ["checker", "white", "black"];
const SHOW_CHOICES = ["rest", "even_hidden", "unlabelled", "disagrees", "unsure", "class"];

function buildCanvasColumn() {
  ui.backdrop = make("div", "backdrop", { "data-backdrop": "checker", hidden: true });
  ui.picture = make("canvas", "layer-canvas", { "aria-hidden": "true" });
  ui.tint = make("canvas", "layer-canvas tint", { "aria-hidden": "true", hidden: true });
  ui.contours = make("canvas", "layer-canvas", { "aria-hidden": "true", hidden: !contours.on });
  ui.overlay = make("canvas", "layer-canvas", { "aria-hidden": "true" });
  ui.viewport = make("div", "viewport", { tabindex: 0, role: "application" }, [
    ui.backdrop, ui.picture, ui.tint, ui.contours, ui.overlay, buildTip(), buildHiddenNote(), buildFailedNote(),
  ]);
  word(ui.viewport, "viewport.name", {}, "aria-label");
  new ResizeObserver(([entry]) => viewResized(entry.contentRect.width, entry.contentRect.height)).observe(ui.viewport);
  ui.status = buildStatus();
  return [buildToolbar(), ui.viewport, ui.status];
}

function buildToolbar() {
  ui.tools = Object.fromEntries([["select", "move"], ["hand", "hand"], ["cut", "cut"]].map(([tool, symbol]) => [tool, commandButton(symbol, `tool.${tool}`)]));
  ui.zoomText = make("button", "zoom-text", { type: "button" });
  ui.zoomText.addEventListener("click", showPixels);
  const rule = () => make("span", "rule");
  return make("div", "toolbar", { role: "toolbar" }, [
    ...Object.values(ui.tools), rule(),
    commandButton("minus", "view.out"), ui.zoomText, commandButton("plus", "view.in"), commandButton("fit", "view.fit"), commandButton("target", "view.selection"), rule(),
    ...buildLook(), rule(), buildShowChoice(),
  ]);
}

// X-ray, colours, contours, backdrop; the sliders stand beside their switches while those are on.
function buildLook() {
  ui.xrayButton = commandButton("xray", "look.xray");
  ui.tintButton = commandButton("colours", "look.colours");
  ui.contoursButton = commandButton("contours", "look.contours");
  ui.xraySlider = slider("look.faint", 0, 60, () => Math.round(100 * xray.faint), (value) => setFaintness(value / 100));
  ui.tintSlider = slider("look.strength", 5, 100, () => Math.round(100 * tint.strength), (value) => setTintStrength(value / 100));
  return [ui.xrayButton, ui.xraySlider, ui.tintButton, ui.tintSlider, ui.contoursButton, commandButton("backdrop", "look.backdrop")];
}

function slider(key, min, max, read, write) {
  const node = make("input", "slider", { type: "range", min, max, step: 1, value: read() });
  named(node, key);
  node.addEventListener("input", () => write(Number(node.value)));
  return node;
}

function buildShowChoice() {
  ui.showChoice = selectBox("show.name", [], (value) => chooseShown(value));
  ui.showChoice.classList.add("show-choice");
  ui.showBefore = textButton("show.before", showBefore, { className: "small show-before" });
  const fill = () => {
    const value = ui.showChoice.value;
    setOptions(ui.showChoice, [["", t("show.own")], ...SHOW_CHOICES.map((name) => [name, t(`show.${name}`)])]);
    ui.showChoice.value = value;
  };
  fill();
  on("language", fill);
  return make("span", "show-group", {}, [ui.showChoice, ui.showBefore]);
}

function chooseShown(name) {
  if (name === "rest") showAll();
  else if (name === "even_hidden") showEvenHidden();
  else if (name === "class") {
    if (primary() === null) announce("show.select_first");
    else setFilter("class", classOf(primaryUnit()));
  } else if (name) setFilter(name);
  refreshLook();
  ui.viewport.focus();
}

function buildTour() {
  ui.tourKind = selectBox("tour.name", [], (kind) => {
    tour.kind = kind;
    remember("tour.kind", kind);
    goFragment(1, kind);
    ui.viewport.focus();
  });
  ui.tourOrder = selectBox("tour.order", [], (by) => {
    setTourOrder(by);
    ui.viewport.focus();
  });
  const fill = () => {
    setOptions(ui.tourKind, Object.keys(TOUR_KINDS).map((kind) => [kind, t(`tour.kind.${kind}`)]));
    setOptions(ui.tourOrder, ["part", "depth"].map((by) => [by, t(`tour.by.${by}`)]));
    Object.assign(ui.tourKind, { value: tour.kind in TOUR_KINDS ? tour.kind : "any" });
    ui.tourOrder.value = tour.by;
  };
  fill();
  on("language", fill);
  return make("span", "tour", {}, [
    commandButton("before", "tour.previous"), ui.tourKind, commandButton("after", "tour.next"), ui.tourOrder,
  ]);
}

// A button for a command: its icon, its words, and the key that does the same.
function commandButton(symbol, id) {
  const node = iconButton(symbol, "", "", () => commands.get(id).run());
  const name = () => nameButton(node, t(commands.get(id).text), keyHint(id));
  on("language", name);
  on("keys", name);
  name();
  return node;
}

function buildStatus() {
  ui.words = make("span", "status-words", { role: "status" });
  ui.shownCount = make("span", "status-count");
  ui.selectedCount = make("span", "status-count");
  return make("div", "status-line", {}, [buildTour(), ui.words, ui.selectedCount, ui.shownCount]);
}

function buildFailedNote() {
  ui.failedWords = make("span", "");
  ui.failedNote = make("div", "failed-note", { role: "alert", hidden: true }, [icon("warning"), ui.failedWords, textButton("pictures.again", askAgain, { className: "small" })]);
  return ui.failedNote;
}

let announced = 0;

// A line for what was just done or could not be; it goes after a while.
function announce(key, values = {}) {
  ui.words.textContent = t(key, values);
  clearTimeout(announced);
  announced = setTimeout(() => { ui.words.textContent = ""; }, 8000);
}

function startToolbar() {
  for (const name of ["model", "visibility", "look", "language", "labels", "drawn"]) on(name, refreshLook);
  on("selection", refreshLook);
  refreshLook();
}

// What the bar and the line say about how things are.
function refreshLook() {
  for (const [tool, button] of Object.entries(ui.tools)) button.setAttribute("aria-pressed", String(state.tool === tool));
  for (const [button, pressed] of [[ui.xrayButton, xray.on], [ui.tintButton, tint.on], [ui.contoursButton, contours.on]]) button.setAttribute("aria-pressed", String(pressed));
  ui.xraySlider.hidden = !xray.on;
  ui.tintSlider.hidden = !tint.on;
  ui.showChoice.value = visibility.filter?.name ?? (isAtRest() ? "rest" : "");
  ui.showChoice.title = visibility.filter?.name === "class" ? className(visibility.filter.part) : t("show.name");
  ui.showBefore.hidden = !visibility.before;
  ui.shownCount.textContent = model.open ? t("status.shown", { shown: visibleIds().length, all: model.meshes.length }) : "";
  ui.selectedCount.textContent = selection.ids.length ? t("status.selected", { n: selection.ids.length }) : "";
  ui.failedNote.hidden = scene.failed === 0;
  if (scene.failed) ui.failedWords.textContent = t("pictures.failed", { n: scene.failed });
  ui.backdrop.dataset.backdrop = state.backdrop;
  refreshHiddenNote();
}

function isAtRest() {
  return !visibility.filter && model.meshes.every((mesh) => visibility.shown.has(mesh.id) === !mesh.hidden);
}

function refreshZoom() {
  ui.zoomText.textContent = state.canvas ? `${Math.round(view.scale * deviceRatio() * 100)} %` : "";
  nameButton(ui.zoomText, t("view.pixels"), keyHint("view.pixels"));
}

function cycleBackdrop() {
  state.backdrop = BACKDROPS[(BACKDROPS.indexOf(state.backdrop) + 1) % BACKDROPS.length];
  remember("backdrop", state.backdrop);
  emit("look");
}
