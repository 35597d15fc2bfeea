// Interface text in three languages. `TEXTS`: key -> language -> text with {places}; plural by a second form after " | " where {n} is 1.

const LANGUAGES = { en: "English", zh: "中文", ja: "日本語" };
let language = firstLanguage();

function firstLanguage() {
  const wanted = [recall("language"), ...(navigator.languages ?? [])].filter(Boolean).map((name) => name.slice(0, 2).toLowerCase());
  return wanted.find((name) => name in LANGUAGES) ?? "en";
}

function setLanguage(name) {
  if (!(name in LANGUAGES) || name === language) return;
  language = name;
  remember("language", name);
  emit("language");
}

// The text of a key. A missing one shows its key, so that a test sees it.
function t(key, values = {}) {
  const text = TEXTS[key]?.[language] ?? TEXTS[key]?.en ?? key;
  const [many, one] = text.split(" | ");
  return (values.n === 1 && one !== undefined ? one : many).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

// A node whose text follows the language: `word("save")` instead of text: "Save".
const worded = new Set();

function word(node, key, values = {}, attribute = null) {
  const entry = { node: new WeakRef(node), key, values, attribute };
  worded.add(entry);
  putWord(entry);
  return node;
}

function putWord(entry) {
  const node = entry.node.deref();
  if (!node) return worded.delete(entry);
  const text = t(entry.key, typeof entry.values === "function" ? entry.values() : entry.values);
  if (entry.attribute) node.setAttribute(entry.attribute, text);
  else node.textContent = text;
  return true;
}

on("language", () => [...worded].forEach(putWord));
