// Search in the tree: plain words, or /a regular expression/, over ArtMesh id, part path and class (in both its names).

const search = { text: "", hits: null, problem: "" }; // hits: Set of ids in tree order; null: no search

function buildSearch() {
  ui.searchField = make("input", "search-field", { type: "search", spellcheck: "false", autocomplete: "off", "aria-describedby": "liwi-search-words" });
  word(ui.searchField, "search.hint", {}, "placeholder");
  word(ui.searchField, "search.name", {}, "aria-label");
  ui.searchWords = make("div", "search-words", { id: "liwi-search-words", role: "status" });
  ui.searchField.addEventListener("input", () => searchFor(ui.searchField.value));
  ui.searchField.addEventListener("keydown", onSearchKey);
  return make("div", "tree-search", {}, [ui.searchField, ui.searchWords]);
}

function onSearchKey(event) {
  event.stopPropagation(); // letters are text here
  if (event.key === "Enter") {
    event.preventDefault();
    goToHit(event.shiftKey ? -1 : 1);
  } else if (event.key === "Escape") {
    ui.searchField.value = "";
    searchFor("");
    ui.viewport.focus();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    ui.tree.focus();
  }
}

function searchFor(text) {
  search.text = text.trim();
  search.problem = "";
  search.hits = null;
  if (search.text) {
    const matches = matcherOf(search.text);
    search.hits = new Set(matches ? model.meshes.filter(({ id }) => matches(searchTextOf(id))).map((mesh) => mesh.id) : []);
  }
  refreshTree();
  refreshSearchWords();
}

function refreshSearchWords() {
  ui.searchField.setAttribute("aria-invalid", String(Boolean(search.problem)));
  ui.searchWords.classList.toggle("bad", Boolean(search.problem));
  ui.searchWords.textContent = search.problem || (search.hits ? t("search.hits", { n: search.hits.size }) : "");
}

// A function text -> boolean, or null where the expression is wrong (then `search.problem` says how).
function matcherOf(text) {
  const expression = /^\/(.+?)(?:\/([a-z]*))?$/.exec(text);
  if (expression) {
    try {
      const pattern = new RegExp(expression[1], "iu");
      return (candidate) => pattern.test(candidate);
    } catch (error) {
      search.problem = t("search.wrong", { problem: String(error.message).split(": ").at(-1) });
      return null;
    }
  }
  const words = text.toLowerCase().split(/\s+/);
  return (candidate) => words.every((one) => candidate.toLowerCase().includes(one));
}

function searchTextOf(id) {
  const mesh = model.byId.get(id);
  const names = unitsOf(id).map(classOf);
  return [mesh.mesh_id, partNames(mesh.part).join("/"), ...names.flatMap((name) => [name ?? "", className(name)])].join(" ");
}

function goToHit(step) {
  const hits = treeOrder().filter((id) => search.hits?.has(fragmentOf(id)));
  if (!hits.length) return;
  const current = hits.indexOf(rowOf(primary()));
  const next = current < 0 ? (step > 0 ? 0 : hits.length - 1) : (current + step + hits.length) % hits.length;
  select([hits[next]]);
  bringIntoSight([hits[next]]);
  scrollToRow(fragmentOf(hits[next]));
}
