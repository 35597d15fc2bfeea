// How the queue looks: tools, chips with counts, rows, and what stands there instead of rows.

function buildQueuePage() {
  const search = make("input", "field search", { type: "search", maxlength: 200, value: queueFilter.search });
  word(search, "queue.search", {}, "placeholder");
  word(search, "queue.search", {}, "aria-label");
  let timer = 0;
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => setQueueFilter({ search: search.value }), 200); });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "ArrowDown") { event.preventDefault(); ui.queue.list.focus(); }
    if (event.key === "Escape") { search.value = ""; setQueueFilter({ search: "" }); ui.queue.list.focus(); }
    event.stopPropagation();
  });
  const order = selectBox("queue.order", [], (value) => setQueueFilter({ order: value }));
  const chips = make("div", "chips", { role: "group" });
  word(chips, "queue.states", {}, "aria-label");
  const tools = make("div", "queue-tools");
  const list = make("div", "queue-list", { role: "listbox", tabindex: 0 });
  word(list, "page.models", {}, "aria-label");
  const pager = make("div", "pager");
  const columns = make("div", "queue-columns", { "aria-hidden": "true" }, ["", "column.name", "column.state", "column.labelled", "column.doubt", "column.who"].map((key) => (key ? word(make("span", ""), key) : make("span", ""))));
  ui.queue = { search, order, chips, tools, list, pager, columns };
  list.addEventListener("click", (event) => {
    const row = event.target.closest(".queue-row");
    if (!row) return;
    queue.at = Number(row.dataset.at);
    openRow();
  });
  const node = make("div", "page models-page", { "data-page": "models" }, [
    make("div", "queue-head", {}, [make("div", "queue-line", {}, [search, order, make("span", "space"), tools]), chips]), columns, list, pager,
  ]);
  drawChips();
  drawQueue();
  return node;
}

function drawChips() {
  setOptions(ui.queue.order, ["uncertain", "oldest", "name"].map((name) => [name, t(`order.${name}`)]));
  ui.queue.order.value = queueFilter.order;
  const all = Object.values(queue.counts).reduce((sum, num) => sum + num, 0);
  const chip = (state, text, num, pressed, run) => {
    const node = make("button", "chip", { type: "button", "aria-pressed": String(pressed), "data-state": state }, [
      make("span", "dot"), make("span", "", { text }), make("b", "", { text: num === undefined ? "" : formatNumber(num) }),
    ]);
    node.addEventListener("click", run);
    return node;
  };
  const focused = ui.root?.querySelector(".chips :focus")?.dataset.state;
  ui.queue.chips.replaceChildren(
    chip("all", t("state.all"), queue.loaded ? all : undefined, queueFilter.states.length === 0, () => setQueueFilter({ states: [] })),
    ...STATES.map((state) => chip(state, t(`state.${state}`), queue.loaded ? queue.counts[state] ?? 0 : undefined, queueFilter.states.includes(state), (event) => {
      const has = queueFilter.states.includes(state);
      const several = event.shiftKey || event.ctrlKey || event.metaKey;
      const others = several ? queueFilter.states.filter((name) => name !== state) : [];
      setQueueFilter({ states: has && (several || queueFilter.states.length === 1) ? others : [...others, state] });
    })),
  );
  if (focused) ui.queue.chips.querySelector(`[data-state="${focused}"]`)?.focus();
}

function drawQueueTools() {
  const { tools } = ui.queue;
  tools.replaceChildren();
  if (!session.may.annotate) return;
  tools.append(
    ...(isNothingHere() ? [] : [textButton("queue.next", nextToDo, { className: "primary", symbol: "play", command: "queue.next" })]),
    ...(session.may.review && !isNothingHere() ? [textButton("queue.review", () => nextToReview(), { symbol: "check", command: "queue.review" })] : []),
    textButton("import", () => openImport(), { symbol: "plus" }),
    ...(isNothingHere() ? [] : [textButton("guessing", () => openGuessing(), { symbol: "wand" }), textButton("export", () => openExport(), { symbol: "download" })]),
  );
}

// Not a single model, whatever the filter.
function isNothingHere() {
  return queue.loaded && queue.num === 0 && queueFilter.search.trim() === "" && queueFilter.states.length === 0 && projectId === null;
}

function drawQueue() {
  const { list, pager } = ui.queue;
  drawChips();
  list.removeAttribute("aria-activedescendant");
  if (queue.error !== null) list.replaceChildren(sorryPage(queue.error, () => loadQueue()));
  else if (!queue.loaded) list.replaceChildren(...Array.from({ length: 8 }, skeletonRow));
  else if (queue.num === 0) list.replaceChildren(emptyQueue());
  else list.replaceChildren(...queue.entries.map(queueRow));
  ui.queue.columns.hidden = queue.error !== null || (queue.loaded && queue.num === 0);
  if (ui.queue.tools.childElementCount > 0 && isNothingHere() === Boolean(ui.queue.tools.querySelector(".primary"))) drawQueueTools();
  ui.queue.chips.hidden = isNothingHere();
  for (const node of [ui.queue.search, ui.queue.order]) node.hidden = isNothingHere();
  drawPager(pager);
  queue.at = clamp(queue.at, 0, Math.max(0, queue.entries.length - 1));
  markRow({ scroll: false });
}

function queueRow(entry, at) {
  const picture = make("img", "row-picture", { src: entry.picture_url, alt: "", loading: "lazy", decoding: "async", width: 56, height: 56 });
  const marks = make("span", "marks");
  if (entry.round) marks.append(make("span", "mark second", { text: t("second_pass") }));
  if (entry.valid === false) marks.append(make("span", "mark bad", { text: t("not_valid") }));
  if (entry.incomplete) marks.append(make("span", "mark", { text: t("incomplete") }));
  const who = make("span", "who");
  if (entry.holder) who.append(make("span", "holder-dot"), nameText(t("held_by", { name: entry.holder === session.user ? t("you") : entry.holder })));
  else if (entry.annotator) who.append(nameText(t("by", { name: entry.annotator })));
  const doubt = Math.round((entry.uncertainty ?? 0) * 100);
  const doubtBar = make("i");
  doubtBar.style.width = `${clamp(doubt, 0, 100)}%`;
  return make("div", "queue-row", { role: "option", id: `queue-row-${at}`, "data-at": at, "data-pass": entry.pass_id, "aria-selected": "false" }, [
    picture,
    make("span", "row-name", {}, [make("span", "row-title", {}, [nameText(entry.name), marks]), nameText(projectId === null ? entry.project ?? "" : "", "row-project")]),
    stateChip(entry.state),
    make("span", "row-done", {}, [
      meter(entry.num_labelled, entry.num_art_meshes, "labelled"),
      make("span", "row-count", { text: `${formatNumber(entry.num_labelled)} / ${formatNumber(entry.num_art_meshes)}` }),
    ]),
    make("span", "row-doubt", { title: t("doubt", { n: doubt }), "aria-label": t("doubt", { n: doubt }), role: "img" }, [make("span", "doubt", {}, [doubtBar]), make("span", "", { text: `${doubt} %` })]),
    who,
  ]);
}

function skeletonRow() {
  return make("div", "queue-row skeleton", { "aria-hidden": "true" }, [make("span", "row-picture"), make("span", "bone wide"), make("span", "bone"), make("span", "bone"), make("span", "bone"), make("span", "bone")]);
}

// Nothing to show: is there nothing at all, or does the filter hide it?
function emptyQueue() {
  const filtered = queueFilter.search.trim() !== "" || queueFilter.states.length > 0;
  if (filtered) {
    return make("div", "nothing-here", {}, [
      make("p", "nothing-title", { text: t("queue.none_found") }),
      textButton("queue.clear", () => { ui.queue.search.value = ""; setQueueFilter({ search: "", states: [] }); }),
    ]);
  }
  const node = make("div", "nothing-here", {}, [icon("upload"), make("p", "nothing-title", { text: t("queue.empty") })]);
  if (!session.may.annotate) node.append(make("p", "", { text: t("queue.empty_viewer") }));
  else node.append(make("p", "", { text: t("queue.empty_text") }), make("div", "nothing-buttons", {}, [
    textButton("import.folder", () => chooseFiles({ folder: true }), { className: "primary" }),
    textButton("import.files", () => chooseFiles({ folder: false })),
    textButton("import.synthetic_some", () => makeSynthetic(4), { symbol: "wand", values: { n: 4 } }),
  ]));
  return node;
}

function drawPager(node) {
  node.hidden = queue.num <= ROWS_PER_PAGE || queue.error !== null;
  if (node.hidden) return;
  const first = queue.offset + 1;
  const last = queue.offset + queue.entries.length;
  const before = symbolButton("up", "queue.page_before", () => turnQueue(queue.offset - ROWS_PER_PAGE), { className: "turned" });
  const after = symbolButton("down", "queue.page_after", () => turnQueue(queue.offset + ROWS_PER_PAGE), { className: "turned" });
  before.disabled = queue.offset === 0;
  after.disabled = last >= queue.num;
  node.replaceChildren(before, make("span", "", { text: t("queue.range", { first: formatNumber(first), last: formatNumber(last), all: formatNumber(queue.num) }) }), after);
}

function markRow({ scroll = true } = {}) {
  for (const row of ui.queue.list.querySelectorAll(".queue-row[data-at]")) {
    const here = Number(row.dataset.at) === queue.at;
    row.setAttribute("aria-selected", String(here));
    if (!here) continue;
    ui.queue.list.setAttribute("aria-activedescendant", row.id);
    if (scroll) row.scrollIntoView({ block: "nearest" });
  }
}
