// Files from the person's disk: out of drops (folders too) and choosers, grouped into models.

// What a model needs to be labelled; its sounds and motions stay at home.
const NEEDED = /\.(json|moc3|png|jpe?g|webp|zip)$/i;
const NOT_NEEDED = /(\.motion3\.json|\.exp3\.json|\.userdata3\.json)$/i;
const MODEL_FILE = /\.model3\.json$/i;
const BATCH_BYTES = 48e6;
const BATCH_FILES = 2000;

// Every file of a drop, with its path below what was dropped. Must be called within the event: the entries are gone after it.
function droppedFiles(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const sources = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile()).filter(Boolean);
  return collect(sources.length ? sources : [...transfer.files]);
}

async function collect(sources) {
  const found = [];
  const roots = new Map(); // two folders of one name, from different places, stay apart
  for (const source of sources) {
    const files = [];
    if (source instanceof File) files.push({ path: source.webkitRelativePath || source.name, file: source });
    else await walk(source, files);
    const times = source instanceof File && source.webkitRelativePath ? 0 : roots.get(source.name) ?? 0;
    roots.set(source.name, times + 1);
    found.push(...files.map(({ path, file }) => ({ path: times ? `${times + 1}/${path}` : path, file })));
  }
  return found;
}

async function walk(entry, found) {
  if (entry.name.startsWith(".") || entry.name === "__MACOSX") return;
  if (entry.isFile) {
    const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
    found.push({ path: entry.fullPath.replace(/^\//, ""), file });
    return;
  }
  const reader = entry.createReader();
  for (;;) { // a reader gives a hundred entries at a time
    const some = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (some.length === 0) return;
    for (const child of some) await walk(child, found);
  }
}

function chosenFiles({ folder }) {
  return new Promise((resolve) => {
    const input = make("input", "", { type: "file", multiple: true, webkitdirectory: folder, hidden: true, "data-chooser": folder ? "folder" : "files" });
    input.addEventListener("change", () => { input.remove(); resolve(collect([...input.files])); });
    input.addEventListener("cancel", () => { input.remove(); resolve([]); });
    ui.root.append(input);
    input.click();
  });
}

// Sort files into models: {models: [{name, files, bytes}], labels: [files beside them], left: number of others, problems: [{file, message}]}.
function sortFiles(files, { mostBytes }) {
  const problems = [];
  const readable = files.filter(({ path, file }) => {
    if (file === null) problems.push({ file: path, message: t("import.unreadable") });
    return file !== null;
  });
  const needed = readable.filter(({ path }) => NEEDED.test(path) && !NOT_NEEDED.test(path));
  const folderOf = ({ path }) => path.slice(0, path.lastIndexOf("/") + 1);
  const roots = [...new Set(needed.filter(({ path }) => MODEL_FILE.test(path)).map(folderOf))].sort((a, b) => b.length - a.length);
  const groups = new Map(roots.map((root) => [root, []]));
  const labels = [];
  let left = readable.length - needed.length;
  for (const one of needed) {
    const root = roots.find((place) => one.path.startsWith(place));
    if (/\.zip$/i.test(one.path)) groups.set(one.path, [one]);
    else if (root !== undefined) groups.get(root).push(one);
    else if (/\.json$/i.test(one.path)) labels.push(one);
    else left += 1;
  }
  const models = [];
  for (const [place, found] of groups) {
    const bytes = found.reduce((sum, { file }) => sum + file.size, 0);
    const name = place.replace(/\/$/, "").split("/").at(-1) || found.find(({ path }) => MODEL_FILE.test(path))?.path || place;
    if (mostBytes && bytes > mostBytes) problems.push({ file: name, message: t("import.too_large", { size: formatBytes(bytes), most: formatBytes(mostBytes) }) });
    else models.push({ name, files: found, bytes });
  }
  return { models, labels, left, problems };
}

// A batch for each model, for when something in a batch was refused.
function splitBatch({ models, labels }) {
  return models.map((one) => ({ files: [...one.files, ...labels], names: [one.name], bytes: one.bytes, models: [one], labels }));
}

// Models that are sent together. A large one goes alone, so that little has to be sent again after a failure.
function batches(models, labels) {
  const found = [];
  for (const one of models) {
    const last = found.at(-1);
    if (last && last.bytes + one.bytes <= BATCH_BYTES && last.files.length + one.files.length <= BATCH_FILES) {
      last.files.push(...one.files);
      last.names.push(one.name);
      last.bytes += one.bytes;
      last.models.push(one);
    } else {
      found.push({ files: [...one.files], names: [one.name], bytes: one.bytes, models: [one] });
    }
  }
  return found.map((batch) => ({ ...batch, files: [...batch.files, ...labels], labels }));
}
