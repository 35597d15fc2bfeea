// A small menu at the pointer. entries: {text, hint, part (its colour), run, disabled}, or null for a line.

function openMenu(x, y, entries) {
  ui.root.querySelector(".menu")?.remove();
  const before = element.getRootNode().activeElement;
  const node = make("div", "menu", { role: "menu", tabindex: -1 }, entries.map((entry) => (entry ? menuRow(entry, () => close()) : make("hr"))));
  const close = () => {
    node.remove();
    document.removeEventListener("pointerdown", outside, true);
    before?.focus?.({ preventScroll: true });
  };
  const outside = (event) => { if (!event.composedPath().includes(node)) close(); };
  node.addEventListener("keydown", (event) => {
    const rows = [...node.querySelectorAll("button:not(:disabled)")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) rows.at((rows.indexOf(element.getRootNode().activeElement) + step) % rows.length)?.focus();
    else if (event.key === "Escape") close();
    else if (event.key !== "Enter" && event.key !== " " && event.key !== "Tab") return;
    if (step || event.key === "Escape") event.preventDefault();
    event.stopPropagation();
  });
  ui.root.append(node);
  const frame = ui.root.getBoundingClientRect();
  node.style.left = `${clamp(x - frame.left, 4, Math.max(4, frame.width - node.offsetWidth - 4))}px`;
  node.style.top = `${clamp(y - frame.top, 4, Math.max(4, frame.height - node.offsetHeight - 4))}px`;
  document.addEventListener("pointerdown", outside, true);
  node.focus();
  return { close };
}

function menuRow({ text, hint = "", part = null, run, disabled = false }, close) {
  const node = make("button", "menu-row", { type: "button", role: "menuitem", "data-part": part, disabled }, [part ? swatch(part) : make("i", "no-swatch"), make("span", "", { text, dir: "auto" }), make("span", "space")]);
  if (hint) node.append(make("kbd", "", { text: hint }));
  node.addEventListener("click", () => { close(); run(); });
  return node;
}

// What can be done with these fragments, for the context menu of canvas and tree.
function labelMenu(ids) {
  const can = ids.length > 0 && mayEdit();
  const classes = CLASSES.map((name) => ({ text: className(name), part: name, hint: keyHint(`class.${name}`), disabled: !can, run: () => assignClass(name, ids) }));
  return [
    { text: t("cmd.accept"), hint: keyHint("accept"), disabled: !can || !acceptable(ids).length, run: () => acceptAndGo(ids) },
    { text: t("cmd.mirror"), hint: keyHint("mirror"), disabled: !can, run: () => copyMirrored(ids.map(fragmentOf)) },
    { text: t("cmd.unsure"), hint: keyHint("unsure"), disabled: !can, run: () => toggleUnsure(ids) },
    { text: t("cmd.skip"), hint: keyHint("skip"), disabled: !can, run: () => skipAndGo(ids) },
    null, ...classes,
  ];
}
