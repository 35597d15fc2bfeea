// Type a few letters of a class, in any of the three languages, or of a command; Enter does it.

function paletteEntries() {
  const can = selection.ids.length > 0 && mayEdit();
  const classes = CLASSES.map((name) => ({
    words: [name, ...Object.values(TEXTS[`class.${name}`])], text: className(name), tag: name, part: name, hint: keyHint(`class.${name}`),
    run: () => assignClass(name),
  }));
  const others = [...commands.values()]
    .filter((command) => !command.id.startsWith("class.") && command.id !== "palette" && command.when())
    .map((command) => ({ words: Object.values(TEXTS[command.text] ?? { en: command.text }), text: t(command.text), tag: "", hint: keyHint(command.id), run: command.run }));
  return can ? [...classes, ...others] : others;
}

// The lower the better; Infinity: not meant. Beginning of the text, of a word, inside, or the letters in this order.
function matchCost(text, typed) {
  const [inside, wanted] = [text.toLowerCase(), typed.toLowerCase()];
  const place = inside.indexOf(wanted);
  if (place === 0) return 0;
  if (place > 0) return /[\s(・]/.test(inside[place - 1]) ? 1 : 2;
  let from = -1;
  for (const letter of wanted) {
    from = inside.indexOf(letter, from + 1);
    if (from < 0) return Infinity;
  }
  return 3 + inside.length / 100;
}

function filteredEntries(entries, typed) {
  if (!typed.trim()) return entries;
  const costs = entries.map((entry, place) => [Math.min(...entry.words.map((text) => matchCost(text, typed.trim()))), place, entry]);
  return costs.filter(([cost]) => cost < Infinity).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, , entry]) => entry);
}

function showPalette() {
  if (ui.root.querySelector("dialog[open]")) return;
  const entries = paletteEntries();
  const field = make("input", "field", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "liwi-palette", "aria-label": t("palette"), placeholder: t("palette_hint"), autocomplete: "off", spellcheck: "false" });
  const list = make("div", "palette-list", { id: "liwi-palette", role: "listbox" });
  let found = [];
  let chosen = 0;
  const dialog = openDialog({ title: "palette", className: "palette", body: [field, list] });
  const take = (entry) => {
    dialog.close();
    entry?.run();
  };
  const choose = (place) => {
    chosen = clamp(place, 0, Math.max(0, found.length - 1));
    [...list.children].forEach((node, index) => node.setAttribute("aria-selected", String(index === chosen)));
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
  };
  const draw = () => {
    found = filteredEntries(entries, field.value);
    list.replaceChildren(...found.map((entry) => paletteRow(entry, take)));
    if (!found.length) list.append(make("p", "quiet", { text: t("palette_nothing") }));
    choose(0);
  };
  field.addEventListener("input", draw);
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step) choose(chosen + step);
    else if (event.key === "Enter" && !event.isComposing) take(found[chosen]);
    else return;
    event.preventDefault();
  });
  draw();
  field.focus();
}

function paletteRow(entry, take) {
  const parts = [entry.part ? swatch(entry.part) : icon("wand"), make("span", "palette-text", { text: entry.text })];
  if (entry.tag && entry.tag !== entry.text) parts.push(make("span", "quiet", { text: entry.tag }));
  parts.push(make("span", "space"));
  if (entry.hint) parts.push(make("kbd", "", { text: entry.hint }));
  const node = make("div", "palette-row", { role: "option" }, parts);
  node.addEventListener("click", () => take(entry));
  return node;
}
