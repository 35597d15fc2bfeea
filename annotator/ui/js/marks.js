// Below the classes: side, unsure, skip, comment, and what happens after a label.

function markButton(id, run, content) {
  const node = make("button", "mark-button", { type: "button", "data-mark": id }, content);
  node.addEventListener("click", run);
  return node;
}

function buildMarks() {
  const sides = ["left", "right"].map((side) => markButton(`side.${side}`, () => setSide(side), [word(make("span"), `side.${side}`), make("kbd")]));
  const unsure = markButton("unsure", () => toggleUnsure(), [word(make("span"), "unsure"), make("kbd")]);
  const skip = markButton("skip", () => skipAndGo(), [word(make("span"), "skip"), make("kbd")]);
  const comment = markButton("comment", openComment, [word(make("span"), "comment.label"), make("kbd")]);
  const buttons = [...sides, unsure, skip, comment];
  const after = selectBox("after", [], setAfterLabel);
  const node = make("div", "marks", {}, [make("div", "mark-row", {}, [...sides, unsure, skip]), make("div", "mark-row after-row", {}, [comment, after])]);
  word(after, "after", {}, "title");
  const drawAfter = () => setOptions(after, AFTER.map((value) => [value, t(`after.${value}`)]));
  on("language", drawAfter);
  drawAfter();
  after.value = afterLabel;
  const draw = () => {
    const { ids } = selection;
    const all = (test) => String(ids.length > 0 && ids.every(test));
    sides.forEach((button, place) => putAttribute(button, "aria-pressed", String(selection.ids.length > 0 && selectedUnits().every((unit) => sideOf(unit) === ["left", "right"][place]))));
    putAttribute(unsure, "aria-pressed", all((id) => labelOf(id).unsure));
    putAttribute(skip, "aria-pressed", all((id) => labelOf(id).kind === "skipped"));
    putAttribute(comment, "aria-pressed", all((id) => labelOf(id).comment !== ""));
    for (const button of buttons) {
      putDisabled(button, !ids.length || !mayEdit());
      const hint = keyHint(button.dataset.mark);
      putText(button.lastChild, hint);
      putAttribute(button, "title", `${t(`cmd.${button.dataset.mark}`)}${hint ? `  (${hint})` : ""}`);
    }
  };
  return { node, draw };
}

// The comment of the selected fragments, in a dialog of its own: keys that it needs are no hotkeys there.
function openComment() {
  const ids = [...selection.ids];
  if (!ids.length) return say(t("select_first"));
  if (!mayEdit()) return sayWhyNot();
  const before = labelOf(ids.at(-1)).comment;
  const field = make("textarea", "field", { rows: 4, maxlength: 2000, autofocus: true, dir: "auto", "aria-label": t("comment.label") });
  field.value = before;
  const save = () => setComment(ids, field.value);
  const dialog = openDialog({
    title: "comment_on", values: { name: ids.length === 1 ? meshName(ids[0]) : t("num_selected", { n: ids.length }) }, body: field,
    buttons: [{ key: "cancel", run: () => true }, { key: "save", kind: "primary", run: save }],
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    save();
    dialog.close();
  });
  return undefined;
}

function toolButton(id, run) {
  const node = make("button", "tool-button", { type: "button", "data-tool": id }, [word(make("span"), `cmd.${id}`), make("kbd")]);
  node.addEventListener("click", run);
  return node;
}

// What concerns many fragments at once, and the keys.
function buildTools() {
  const buttons = [
    toolButton("accept_many", acceptMany), toolButton("mirror", () => copyMirrored(selection.ids)), toolButton("copy", copyFromOther), toolButton("recheck", () => goRecheck(1)),
    toolButton("undo", undo), toolButton("redo", redo), toolButton("palette", showPalette), toolButton("keys", showKeys),
  ];
  const changing = new Set(["accept_many", "mirror", "copy", "undo", "redo"]);
  const draw = () => {
    for (const button of buttons) {
      const id = button.dataset.tool;
      putText(button.lastChild, keyHint(id));
      putDisabled(button, changing.has(id) && !(id === "undo" || id === "redo" ? session.may.annotate : mayEdit()));
      if (id === "recheck") button.hidden = !recheckIds().length;
    }
  };
  return { node: make("div", "tool-buttons", {}, buttons), draw };
}
