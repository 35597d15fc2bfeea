// Build the stage inside `element` and connect it.

const ui = {};
const CANCEL_PATIENCE = 60000; // milliseconds: a step of a large model, on a slow machine

function buildViewport() {
  ui.backdrop = make("div", "backdrop", { "data-backdrop": "checker" });
  ui.picture = make("canvas", "layer-canvas", { "aria-hidden": "true" });
  ui.sourcePicture = make("canvas", "layer-canvas", { "aria-hidden": "true", hidden: true });
  ui.overlay = make("canvas", "layer-canvas", { "aria-hidden": "true" });
  ui.divider = make("div", "divider", {
    role: "slider", tabindex: 0, "aria-label": "Before and after", "aria-valuemin": 0, "aria-valuemax": 100, hidden: true,
  }, [make("span", "divider-label before", { text: "Before" }), make("span", "divider-label after", { text: "After" }), make("span", "divider-knob")]);
  ui.emptyText = make("p", "", { text: STAGE_WORDS.empty, role: "status" });
  const open = make("button", "choice", { type: "button", text: "Choose a picture" });
  open.addEventListener("click", chooseFile);
  ui.empty = make("div", "empty", {}, [
    make("p", "empty-title", { text: STAGE_OPENS_BY ? "Drop or paste a picture here" : "No picture yet" }),
    ui.emptyText,
    ...(STAGE_OPENS_BY ? [open] : []),
  ]);
  ui.viewport = make("div", "viewport", {
    tabindex: 0, role: "application", "aria-label": "Picture. Press ? for all keys.",
  }, [ui.backdrop, ui.picture, ui.sourcePicture, ui.overlay, ui.divider, ui.empty, buildBusy(), buildAsking()]);
  return ui.viewport;
}

function buildBusy() {
  ui.busyText = make("span", "busy-text");
  ui.busyBar = make("div", "busy-bar", { role: "progressbar", "aria-label": "Progress" }, [make("i")]);
  const cancel = make("button", "cancel", { type: "button", text: "Cancel" });
  cancel.addEventListener("click", () => {
    cancel.disabled = true;
    send("cancel_requested");
    setTimeout(giveUpWaiting, CANCEL_PATIENCE, performance.now());
  });
  ui.cancel = cancel;
  ui.previews = make("div", "previews", { role: "list", "aria-label": "Finished so far", hidden: true });
  const line = make("div", "busy-line", {}, [ui.busyText, ui.busyBar, cancel]);
  ui.busy = make("div", "busy", { role: "group", "aria-label": "Work in progress", hidden: true }, [ui.previews, line]);
  return ui.busy;
}

// After Cancel nothing more was heard: the work has died, and the stage must not stay busy for ever.
function giveUpWaiting(askedAt) {
  if (!state.busy || lastHeardAt > askedAt) return;
  state.manifest = { ...state.manifest, busy: null };
  props.busy = false;
  showBusy();
  say("The work has stopped without an answer. Try again.", true);
}

// The busy state comes with the manifest or, lighter, as a prop of its own.
function showBusy() {
  const busy = props.busy || state.manifest.busy || null;
  if (!state.busy || !busy) ui.cancel.disabled = false;
  state.busy = busy;
  ui.busy.hidden = !busy;
  ui.root.setAttribute("aria-busy", String(Boolean(busy)));
  refreshActions();
  showPreviews(busy?.previews ?? []);
  if (!busy) return;
  const share = busy.total > 0 ? clamp(busy.done / busy.total, 0, 1) : null;
  ui.busyText.textContent = String(busy.stage ?? "Working");
  ui.busyBar.classList.toggle("unknown", share === null);
  ui.busyBar.firstChild.style.width = share === null ? "100%" : `${Math.round(share * 100)}%`;
  if (share !== null) ui.busyBar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
}

// What is finished while the rest is being worked on, or how it looks so far; pictures that are there already stay.
function showPreviews(previews) {
  const grown = previews.length > ui.previews.childElementCount;
  ui.previews.hidden = !previews.length;
  while (ui.previews.childElementCount > previews.length) ui.previews.lastChild.remove();
  previews.forEach(({ name, url }, place) => {
    const picture = ui.previews.children[place] ?? ui.previews.appendChild(make("img", "preview thumb", { role: "listitem" }));
    if (picture.getAttribute("src") === String(url)) return;
    picture.src = String(url);
    picture.alt = picture.title = String(name);
  });
  if (grown) ui.previews.lastChild.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function refreshEverything() {
  ui.empty.hidden = Boolean(state.canvas);
  ui.backdrop.hidden = !state.canvas;
  refreshPanel();
  refreshPrompts();
  refreshToolbar();
  refreshActions();
  refreshZoom();
  showPosition(null);
  placeDivider();
  drawOverlaySoon();
}

function connectViewport() {
  connectPointer();
  ui.viewport.addEventListener("contextmenu", (event) => { if (state.canvas) event.preventDefault(); });
  ui.divider.addEventListener("pointerdown", (event) => {
    event.stopPropagation();
    event.preventDefault();
    ui.divider.focus();
    followPointer(event, { move: (moved) => { const [x] = trackPointer(moved); moveDivider(x / state.canvas.width); }, up() {} });
  });
  ui.divider.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
    if (step) handled(event, () => moveDivider(state.compare.at + step));
  });
  new ResizeObserver(([entry]) => viewResized(entry.contentRect.width, entry.contentRect.height)).observe(ui.viewport);
}

function exposeHooks() {
  const hooks = {
    state, view, history, toScreen, toSource, layersAt, redraw,
    get lastRedrawMs() { return render.lastMs; },
    get ready() { return Boolean(state.canvas) && !render.hold && !arrivedFrame && picturesInUse().every((picture) => picture.status !== "loading"); },
    ...viewHooks([ui.picture]),
    redrawAll() {
      invalidate(null);
      redraw();
    },
    setVisible: (id, visible) => setDoc(withRecords(state.doc, [id], () => ({ visible }))),
  };
  element.__stage = ui.root.__stage = hooks;
}

function start() {
  ui.root = element.querySelector(".liwi-stage");
  const centre = make("div", "centre", {}, [buildViewport()]);
  const body = make("div", "body", {}, [buildTools(), centre]);
  ui.root.append(
    make("style", "", { text: STAGE_CSS }),
    make("div", "frame", {}, [make("div", "desk", {}, [buildBar(), body, buildStatus()]), buildPanel()]),
    buildHelp(),
  );
  connectViewport();
  connectDropping();
  document.addEventListener("keydown", onKeyDown);
  document.addEventListener("keyup", onKeyUp);
  document.addEventListener("pointerdown", syncBeforeOthersLook, true);
  document.addEventListener("keydown", syncBeforeOthersLook, true);
  window.addEventListener("blur", () => { holdSpace(false); peek(false); });
  exposeHooks();
  refreshEverything();
  watch("value", receive);
  watch("busy", showBusy);
  const frame = ui.viewport.getBoundingClientRect();
  viewResized(frame.width, frame.height);
  say("");
  receive();
}

start();
