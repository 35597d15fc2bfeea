// Tools at the left, actions on top, words and zoom at the bottom.

const TOOLS = [
  ["move", "Select and move aside", "V"], ["box", "Draw a box", "B"], ["keep", "Keep: this belongs to the object", "K"],
  ["drop", "Drop: this does not belong to it", "D"], ["hand", "Pan", "H"],
];
const BACKDROPS = ["checker", "white", "black", "green"];
const TOOL_WORDS = {
  move: "Click picks a layer, Alt-click the one below. Drag moves it aside.",
  box: STAGE_WORDS.box,
  keep: "Click or paint what belongs to the object.  [ and ] change the brush.",
  drop: "Click or paint what does not belong to it.  [ and ] change the brush.",
  hand: "Drag to pan. The wheel zooms.",
};

function buildTools() {
  ui.tools = make("div", "tools", { role: "toolbar", "aria-label": "Tools", "aria-orientation": "vertical" });
  for (const [tool, label, key] of TOOLS.filter(([tool]) => STAGE_TOOLS.includes(tool))) {
    const node = iconButton(tool, label, key, () => chooseTool(tool));
    node.dataset.tool = tool;
    ui.tools.append(node);
  }
  ui.brushText = make("output", "brush-size", { title: "Brush radius in pixels of the picture  ([ and ])" });
  ui.tools.append(ui.brushText);
  return ui.tools;
}

function buildBar() {
  ui.undo = iconButton("undo", "Undo", "Ctrl+Z", undo);
  ui.redo = iconButton("redo", "Redo", "Ctrl+Shift+Z", redo);
  ui.compare = iconButton("compare", "Before and after", "C", toggleCompare);
  ui.backdropButton = iconButton("backdrop", "Backdrop", "G", cycleBackdrop);
  ui.spread = iconButton("spread", "Spread the parts apart", "X", toggleSpread);
  ui.depth = iconButton("depth", "Show how near each part is", "Z", toggleDepth);
  ui.work = make("button", "work", { type: "button" }, [icon("wand"), make("span", "work-label")]);
  ui.work.addEventListener("click", startWork);
  ui.helpButton = iconButton("help", "All keys", "?", toggleHelp);
  ui.fullButton = iconButton("full", "Full screen", "Shift+F", toggleFullScreen);
  return make("div", "bar", { role: "toolbar", "aria-label": "Actions" }, [
    ui.undo, ui.redo, make("span", "rule"), ui.compare, ui.backdropButton, ui.spread, ui.depth, make("span", "space"), ui.work,
    make("span", "rule"), ui.fullButton, ui.helpButton,
  ]);
}

function buildStatus() {
  ui.words = make("span", "words", { role: "status", "aria-live": "polite" });
  ui.position = make("span", "position", { "aria-hidden": "true" });
  ui.zoomText = make("button", "zoom-text", { type: "button", title: "Show at 100 %  (1)", "aria-label": "Show at 100 percent" });
  ui.zoomText.addEventListener("click", showPixels);
  return make("div", "status", {}, [
    ui.words, ui.position,
    make("span", "zoom", {}, [
      iconButton("minus", "Zoom out", "-", () => zoomBy(1 / 1.25)), ui.zoomText, iconButton("plus", "Zoom in", "+", () => zoomBy(1.25)),
      iconButton("fit", "Fit the picture", "0", fitView),
    ]),
  ]);
}

function refreshToolbar() {
  for (const node of ui.tools.querySelectorAll("[data-tool]")) {
    node.setAttribute("aria-pressed", String(node.dataset.tool === state.tool));
    node.disabled = !state.canvas;
  }
  const brushing = state.tool === "keep" || state.tool === "drop";
  ui.brushText.hidden = !brushing || !state.canvas;
  ui.brushText.textContent = `${state.brush} px`;
}

function refreshActions() {
  const work = nextWork();
  ui.undo.disabled = !canUndo();
  ui.redo.disabled = !canRedo();
  const entry = history.past.at(-1);
  nameButton(ui.undo, entry ? `Undo: ${entry.label}` : "Undo", "Ctrl+Z");
  nameButton(ui.redo, history.future.length ? `Redo: ${history.future.at(-1).label}` : "Redo", "Ctrl+Shift+Z");
  ui.compare.disabled = !state.source;
  ui.compare.setAttribute("aria-pressed", String(state.compare.on));
  ui.backdropButton.disabled = !state.canvas;
  ui.spread.hidden = !spreadable().length;
  ui.spread.setAttribute("aria-pressed", String(isSpread()));
  ui.root.classList.toggle("spread", isSpread());
  ui.depth.hidden = !hasDepth(state.manifest);
  ui.depth.setAttribute("aria-pressed", String(state.depthView));
  ui.work.disabled = !work || Boolean(state.busy);
  const label = ui.work.querySelector(".work-label");
  label.textContent = workLabel(work);
  ui.work.title = `${work?.kind === "run" && !state.doc.boxes.length ? STAGE_WORDS.workHint : label.textContent}  (Enter)`;
}

function workLabel(work) {
  if (work?.kind === "recut") return "Refine layer";
  const count = state.doc.boxes.length;
  if (count) return count > 1 ? `${STAGE_WORDS.workBoxes} ${count} boxes` : STAGE_WORDS.workBoxes;
  return STAGE_WORDS.work;
}

function refreshZoom() {
  ui.zoomText.textContent = state.canvas ? `${Math.round(view.scale * deviceRatio() * 100)} %` : "";
}

function showPosition(at) {
  const inside = at && state.canvas && at[0] >= 0 && at[1] >= 0 && at[0] < state.canvas.width && at[1] < state.canvas.height;
  ui.position.textContent = inside ? `${Math.floor(at[0])}, ${Math.floor(at[1])}` : state.canvas ? `${state.canvas.width} × ${state.canvas.height}` : "";
}

let wordsTimer = 0;

// Say something in the status line; afterwards, or with "", the line explains the tool again.
function say(words, important = false) {
  clearTimeout(wordsTimer);
  ui.words.textContent = words || (state.canvas ? TOOL_WORDS[state.tool] : "");
  ui.words.title = ui.words.textContent;
  ui.words.classList.toggle("important", Boolean(words) && important);
  if (words) wordsTimer = setTimeout(() => say(""), important ? 12000 : 4000);
}

function toggleCompare() {
  if (!state.source) return;
  state.compare.on = !state.compare.on;
  drawSource();
  placeDivider();
  refreshActions();
}

function moveDivider(at) {
  state.compare.at = clamp(at, 0, 1);
  placeDivider();
}

function peek(on) {
  if (!state.source || state.compare.peek === on) return;
  state.compare.peek = on;
  drawSource();
  placeDivider();
}

function cycleBackdrop() {
  if (!state.canvas) return;
  state.backdrop = BACKDROPS[(BACKDROPS.indexOf(state.backdrop) + 1) % BACKDROPS.length];
  ui.backdrop.dataset.backdrop = state.backdrop;
  say(`Backdrop: ${state.backdrop}`);
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else ui.root.requestFullscreen?.().catch(() => say("The browser does not allow full screen here."));
}
