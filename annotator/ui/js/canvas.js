// Puts tree and canvas into the page, and names everything that keys can do there.

function startCanvas() {
  state.backdrop = BACKDROPS.includes(recall("backdrop")) ? recall("backdrop") : "checker";
  addCanvasCommands();
  addOrderCommands();
  addCutCommands();
  ui.left.append(buildTree());
  ui.centre.append(...buildCanvasColumn());
  startVisibility();
  startScene();
  startCuts();
  startTint();
  startPointer();
  startTours();
  startPreviews();
  startTree();
  startToolbar();
  refreshCursor();
}

function addCanvasCommands() {
  const add = (group, id, keys, run, when = modelIsShown) => addCommand({ id, text: `key.${id}`, keys, group: `group.${group}`, when, run });
  const chosen = () => modelIsShown() && selection.ids.length > 0;
  add("view", "tool.select", ["Alt+S"], () => chooseTool("select"));
  add("view", "tool.hand", ["Alt+H"], () => chooseTool("hand"));
  add("view", "view.in", ["+", "="], () => zoomBy(1.25));
  add("view", "view.out", ["-"], () => zoomBy(0.8));
  add("view", "view.fit", ["0", "Ctrl+0"], fitView);
  add("view", "view.pixels", ["9"], showPixels);
  add("view", "view.selection", ["Alt+Z"], zoomToSelection, chosen);
  add("view", "look.xray", ["Alt+X"], () => setXray(!xray.on));
  add("view", "look.colours", ["Alt+V"], () => setTint(!tint.on));
  add("view", "look.contours", ["Alt+O"], () => setContours(!contours.on));
  add("view", "look.backdrop", ["Alt+B"], cycleBackdrop);
  add("show", "show.hide", ["1", "Alt+1"], () => setShown(selectedUnits(), false), chosen);
  add("show", "show.show", ["2", "Alt+2"], () => setShown(selectedUnits(), true), chosen);
  add("show", "show.others", ["3", "Alt+3"], () => solo(selectedUnits()), chosen);
  add("show", "show.all", ["4", "Alt+4"], showAll);
  add("show", "show.same", ["5", "Alt+5"], () => (visibility.filter?.name === "class" ? showBefore() : setFilter("class", classOf(primaryUnit()))), chosen);
  add("show", "show.unlabelled", ["6", "Alt+6"], () => toggleFilter("unlabelled"));
  add("show", "show.disagrees", ["7", "Alt+7"], () => toggleFilter("disagrees"));
  add("show", "show.unsure", ["8", "Alt+8"], () => toggleFilter("unsure"));
  add("choose", "choose.all", ["Ctrl+A"], () => select(visibleIds()));
  add("choose", "choose.class", ["Ctrl+Shift+A"], () => select(allUnits().filter((unit) => classOf(unit) === classOf(primaryUnit()))), chosen);
  add("choose", "choose.deeper", ["Alt+ArrowDown"], pickDeeper, chosen);
  add("choose", "choose.none", ["Escape"], () => cancelGesture() || select([]));
  add("choose", "choose.search", ["Ctrl+F"], () => { ui.searchField.focus(); ui.searchField.select(); });
  add("choose", "choose.tree", ["Alt+T"], () => setGrouping(tree.by === "class" ? "part" : "class"));
  add("tour", "tour.next", ["ArrowRight", "Alt+ArrowRight"], () => goFragment(1, tour.kind));
  add("tour", "tour.previous", ["ArrowLeft", "Alt+ArrowLeft"], () => goFragment(-1, tour.kind));
  for (const [kind, key] of [["unlabelled", "Shift+ArrowRight"], ["unseen", "Alt+U"], ["unsure", "Alt+Q"], ["disagrees", "Alt+G"]]) {
    add("tour", `tour.${kind}`, [key], () => goFragment(1, kind));
  }
}

function toggleFilter(name) {
  setFilter(visibility.filter?.name === name ? null : name);
}

function canvasHooks() {
  return {
    state, view, scene, selection, visibility, xray, tint, tree, tour, search, commands, select, solo, setShown, setFilter, showAll, showEvenHidden,
    selectedUnits, unitsOf, unitAt, startCut, draft, simplified,
    setXray, setTint, setTintStrength, setContours, isVisible, visibleIds, fragmentsAt, goFragment, reveal, classOf, colourOf, toScreen, redraw,
    get ready() { return scene.ready && !render.hold; },
    get lastRedrawMs() { return render.lastMs; },
    ...viewHooks([ui.picture, ui.tint]),
  };
}
