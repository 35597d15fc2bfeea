// What keys, buttons, palette and menu do with the selected fragments, and where the selection goes afterwards.

const AFTER = ["unlabelled", "any", "stay"]; // the next fragment without a label, the next one, or none
let afterLabel = AFTER.includes(recall("after")) ? recall("after") : "unlabelled";

function setAfterLabel(value) {
  afterLabel = value;
  remember("after", value);
}

// Only from a single fragment: who labels many looks at them afterwards.
function goOn(ids) {
  if (afterLabel === "stay" || ids.length !== 1 || selection.ids.length !== 1 || ids[0] !== selection.ids[0]) return;
  goFragment(1, afterLabel);
}

function withSelection(ids, act) {
  if (ids.length) return act(ids);
  say(t("select_first"));
  return undefined;
}

function assignClass(name, units = selectedUnits()) {
  withSelection([...units], (chosen) => {
    if (!mayEdit()) return sayWhyNot();
    relabel(chosen, wishOfClass(name));
    flashClass(name);
    return goOn(chosen);
  });
}

// On a fragment that has its label: goes on to the next.
function acceptAndGo(ids = selection.ids) {
  withSelection([...ids], (chosen) => {
    if (!mayEdit()) return sayWhyNot();
    const open = chosen.filter((id) => !isLabelled(id) || chosen.length === 1);
    if (!acceptable(open).length && !chosen.every(isLabelled)) return say(t("no_guess"));
    acceptGuesses(open.filter((id) => !isLabelled(id) || disagrees(id)));
    return goOn(chosen);
  });
}

function skipAndGo(ids = selection.ids) {
  withSelection([...ids], (chosen) => {
    if (!mayEdit()) return sayWhyNot();
    relabel(chosen, { kind: "skipped" });
    return goOn(chosen);
  });
}

function toggleUnsure(ids = selection.ids) {
  withSelection([...ids], (chosen) => relabel(chosen, { unsure: !chosen.every((id) => labelOf(id).unsure) }));
}

// The character's own side. Only a body part has one; of the others the guess is taken.
function setSide(side, units = selectedUnits()) {
  withSelection([...units], (chosen) => {
    const sided = chosen.filter((id) => (pieceOf(id) ? pieceOf(id).part : isLabelled(id) ? labelOf(id).kind === "part" : guessOf(id)?.part));
    if (!sided.length) return say(t("no_side"));
    const all = sided.every((id) => sideOf(id) === side);
    return relabelEach(sided.map((id) => [id, { ...(isLabelled(id) ? {} : wishOfGuess(guessOf(id))), unsure: labelOf(id).unsure, side: all ? null : side }]));
  });
}

function setComment(ids, comment) {
  relabel(ids, { comment: comment.trim() });
}

function startDeciding() {
  const add = (id, keys, run, more = {}) => addCommand({ id, text: `cmd.${id}`, keys, group: "group.labels", when: modelIsShown, run, ...more });
  const keys = {
    "front hair": "f", "back hair": "b", "headwear": "h", "face": "c", "irides": "i", "eyebrow": "y", "eyewhite": "w", "eyelash": "l",
    "eyewear": "g", "ears": "e", "earwear": "r", "nose": "n", "mouth": "m", "neck": "k", "neckwear": "j", "topwear": "t",
    "handwear": "a", "bottomwear": "p", "legwear": "s", "footwear": "d", "tail": "q", "wings": "v", "objects": "o", "nothing": "x",
  };
  for (const name of CLASSES) {
    addCommand({ id: `class.${name}`, text: `class.${name}`, keys: [keys[name]], group: "group.classes", when: modelIsShown, run: () => assignClass(name) });
  }
  add("accept", ["Enter"], () => acceptAndGo());
  add("unsure", ["u"], () => toggleUnsure());
  add("skip", ["z"], () => skipAndGo());
  add("side.left", [","], () => setSide("left"));
  add("side.right", ["."], () => setSide("right"));
  add("comment", ["Shift+C"], openComment);
  add("mirror", ["Shift+M"], () => copyMirrored(selection.ids));
  add("accept_many", ["Shift+A"], acceptMany);
  add("copy", ["Shift+V"], copyFromOther);
  add("recheck", ["Shift+R"], () => goRecheck(1));
  add("undo", ["Ctrl+Z"], undo, { repeats: true, place: "all", when: () => true });
  add("redo", ["Ctrl+Shift+Z", "Ctrl+Y"], redo, { repeats: true, place: "all", when: () => true });
  add("palette", ["Ctrl+K", "/"], showPalette, { group: "group.more", when: modelIsShown });
  add("keys", ["?"], showKeys, { group: "group.more", place: "all", when: () => true });
}
