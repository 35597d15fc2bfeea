// Build the workbench inside `element` and connect its parts.

const ui = {};

function buildFrame() {
  ui.root = element.querySelector(".liwi-workbench");
  ui.header = make("header", "header");
  ui.left = make("aside", "left");
  ui.centre = make("section", "centre");
  ui.right = make("aside", "right");
  ui.modelBar = make("div", "model-bar");
  ui.modelPage = make("div", "page model-page", { "data-page": "model" }, [ui.modelBar, ui.left, ui.centre, ui.right]);
  ui.pages = make("div", "pages", {}, [ui.modelPage]);
  ui.root.append(make("style", "", { text: WORKBENCH_CSS }), ui.header, ui.pages);
}

function isInSight() {
  return ui.root.offsetParent !== null;
}

function startWorkbench() {
  buildFrame();
  startToasts();
  startJobs();
  startPages();
  startQueuePage();
  startReview();
  startProgressPage();
  startPeople();
  startModelBar();
  startImporting();
  startNavigation();
  startCanvas();
  element.__workbench = ui.root.__workbench = { model, page, session, call, openModel, showPage, showModel, on, emit };
  Object.defineProperties(ui.root.__workbench, Object.getOwnPropertyDescriptors(canvasHooks()));
  startLabelling();
  Object.assign(element.__workbench, labellingHooks());
  arrive();
}

startWorkbench();
