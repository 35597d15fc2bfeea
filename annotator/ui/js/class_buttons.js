// One button per class: colour, name, how many fragments have it, key. The label is pressed, the guess is outlined. Fragments can be dropped on one (`carry.js`).

const classButtons = new Map(); // class -> {button, count, key}

function buildClassButtons() {
  for (const name of CLASSES) classButtons.set(name, classButton(name));
  const node = make("div", "class-buttons", { role: "group" }, CLASSES.map((name) => classButtons.get(name).button));
  word(node, "classes", {}, "aria-label");
  return { node, draw: drawClassButtons };
}

function classButton(name) {
  const count = make("span", "count");
  const key = make("kbd");
  const button = make("button", "class-button", { type: "button", "data-class": name, "data-drop-class": name }, [swatch(name), word(make("span", "class-name"), `class.${name}`), count, key]);
  button.addEventListener("click", () => assignClass(name));
  return { button, count, key };
}

function drawClassButtons() {
  const counts = new Map();
  for (const unit of allUnits()) counts.set(classOf(unit), (counts.get(classOf(unit)) ?? 0) + 1);
  const labelled = new Set(selectedUnits().map(labelledClass));
  const guessed = new Set(selectedUnits().map(guessedClass));
  const can = mayEdit();
  for (const [name, { button, count, key }] of classButtons) {
    putText(count, counts.get(name) ?? "");
    putText(key, keyHint(`class.${name}`));
    putDisabled(button, !can);
    putAttribute(button, "aria-pressed", labelled.has(name));
    button.classList.toggle("guessed", guessed.has(name) && !labelled.has(name));
    putAttribute(button, "title", language === "en" ? className(name) : `${className(name)} (${name})`);
  }
}

// A short sign of which class was given, since the selection has moved on by then. No animation: that would repaint every frame.
function flashClass(name) {
  const { button } = classButtons.get(name);
  button.classList.add("given");
  setTimeout(() => button.classList.remove("given"), 300);
}
