// Which page is shown, and its address: `#labels/<page>/<pass>/<fragment>`. Back and forward of the browser work, a link can be sent.

const page = { name: null, data: {} };
const pagesByName = new Map(); // name -> {node, show(data), leave()}
let shownPass = null;
let addressTimer = 0;

// node: of the page; show(data): fill it; leave(): when another one is shown; heading(): what takes the focus.
function addPage({ name, node, show = () => {}, leave = () => {}, heading = null }) {
  node.hidden = true;
  pagesByName.set(name, { node, show, leave, heading });
  if (!node.isConnected) ui.pages.append(node);
}

async function showPage(name, data = {}, { record = "push", focus = true } = {}) {
  const before = page.name;
  if (before && before !== name) pagesByName.get(before).leave();
  Object.assign(page, { name, data });
  for (const [other, { node }] of pagesByName) node.hidden = other !== name;
  ui.root.dataset.page = name;
  writeAddress(record);
  emit("page", { name });
  const { show, heading, node } = pagesByName.get(name);
  if (focus && before !== name) (heading?.() ?? node).focus({ preventScroll: true });
  await show(data);
}

function modelIsShown() {
  return page.name === "model" && model.open;
}

// The model page, or the review page, of a pass.
async function showModel(passId, { fragment = null, name = "model", record = "push", focus = true } = {}) {
  shownPass = passId;
  await showPage(name, { passId, fragment }, { record, focus });
  if (model.open && model.passId === passId && name === "model") {
    if (fragment !== null) emit("model", { fragment });
    return;
  }
  try {
    if (await openModel(passId, { fragment })) writeAddress("replace");
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    say(error.message, { kind: "bad", action: { text: t("try_again"), run: () => showModel(passId, { fragment, name }) } });
    if (!model.open || model.passId !== passId) showPage("models", {}, { record: "replace" });
  }
}

function addressOf({ name, data }) {
  const parts = ["#labels", name];
  if (data.passId != null) parts.push(data.passId);
  if (data.passId != null && data.fragment != null) parts.push(data.fragment);
  return parts.join("/");
}

function writeAddress(record) {
  const address = addressOf(page);
  if (record === "none" || location.hash === address) return;
  if (record === "push") history.pushState(history.state, "", address);
  else history.replaceState(history.state, "", address);
}

// A whole link, to send to somebody.
function link(fragment = page.data.fragment ?? null) {
  return new URL(addressOf({ name: "model", data: { passId: model.passId, fragment } }), location.href).href;
}

function readAddress() {
  const [, name, passId, fragment] = location.hash.match(/^#labels\/(\w+)(?:\/(\d{1,15}))?(?:\/(\d{1,15}))?$/) ?? [];
  if (!pagesByName.has(name) || ((name === "model" || name === "review") && !passId)) return { name: "models", data: {} };
  const data = passId ? { passId: Number(passId), fragment: fragment ? Number(fragment) : null } : {};
  return { name, data };
}

function followAddress({ focus = true } = {}) {
  if (page.name && (!location.hash.startsWith("#labels") || location.hash === addressOf(page))) return;
  const { name, data } = readAddress();
  if (data.passId != null) showModel(data.passId, { fragment: data.fragment, name, record: "replace", focus });
  else showPage(name, data, { record: "replace", focus });
}

// The address names the fragment that is selected; browsers allow few changes of it per second.
function followSelection() {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => {
    if (!modelIsShown()) return;
    page.data = { passId: model.passId, fragment: selection.ids.at(-1) ?? null };
    if (isInSight()) writeAddress("replace");
  }, 300);
}

function startPages() {
  addPage({ name: "model", node: ui.modelPage, heading: () => ui.viewport });
  window.addEventListener("popstate", () => followAddress());
  window.addEventListener("hashchange", () => followAddress());
  on("selection", followSelection);
  on("model", () => { // whoever opens a model, it is shown
    if (!model.open || model.passId === shownPass) return;
    shownPass = model.passId;
    showPage("model", { passId: model.passId, fragment: null });
  });
}
