// Above the open model: what it is, how far it is, its flags and comment, and handing it on.

function startModelBar() {
  ui.modelBar.append(make("div", "bar-line"), make("div", "bar-note"));
  const draw = () => model.open && drawModelBar();
  on("model", draw);
  on("state", draw);
  on("language", draw);
  on("session", draw);
  on("labels", drawProgress);
  on("page", draw);
  const add = (id, keys, run, when = modelIsShown) => addCommand({ id, text: `key.${id}`, keys, group: "group.model", when, run });
  add("model.submit", ["Ctrl+Enter"], submitModel, () => modelIsShown() && model.canEdit && session.may.annotate);
  add("model.link", ["Alt+l"], copyLink);
  add("model.describe", ["Alt+c"], describeModel);
  add("model.guess", ["Alt+a"], guessModelAgain, () => modelIsShown() && session.may.annotate);
  add("model.review", ["Alt+r"], () => showModel(model.passId, { name: "review" }));
}

function drawModelBar() {
  const line = ui.modelBar.querySelector(".bar-line");
  const picture = make("span", "bar-names", {}, [nameText(model.name, "bar-title"), nameText(model.project?.name ?? "", "bar-project")]);
  const flags = make("span", "bar-flags", {}, [
    model.round ? make("span", "mark second", { text: t("second_pass"), title: t("second_pass_text") }) : "",
    flagButton("valid", model.valid), flagButton("incomplete", model.incomplete), commentButton(),
  ]);
  const steps = make("span", "bar-steps", {}, [
    symbolButton("back", "key.model.before", () => goModel(-1)), symbolButton("forward", "key.model.next", () => goModel(1)),
    symbolButton("link", "copy_link", copyLink), ...(session.may.annotate ? [symbolButton("wand", "guessing.model", guessModelAgain)] : []),
  ]);
  ui.barDone = make("span", "row-done");
  line.replaceChildren(
    symbolButton("up", "key.model.queue", () => showPage("models"), { className: "to-queue" }), picture, stateChip(model.state), ui.barDone, flags, make("span", "space"), steps, ...handButtons(),
  );
  drawProgress();
  drawNote();
}

function flagButton(name, value) {
  const node = make("button", "flag", { type: "button", "aria-pressed": String(value), "data-flag": name, title: t(`flag.${name}_text`) }, [
    make("span", "tick", {}, value ? [icon("check")] : []), make("span", "", { text: t(`flag.${name}`) }),
  ]);
  node.disabled = !session.may.annotate;
  node.addEventListener("click", () => saveDescription({ [name]: !value }));
  return node;
}

function commentButton() {
  const node = symbolButton("note", model.comment ? "comment.edit" : "comment.add", describeModel, { className: model.comment ? "filled-note" : "" });
  if (model.comment) node.title = model.comment;
  node.dataset.flag = "comment";
  return node;
}

function handButtons() {
  const found = [];
  if (session.may.review || !model.canEdit) found.push(textButton("review", () => showModel(model.passId, { name: "review" }), { command: "model.review" }));
  if (model.canEdit && session.may.annotate) found.push(textButton("submit", submitModel, { className: "primary", symbol: "check", command: "model.submit" }));
  return found;
}

function drawProgress() {
  if (!model.open || !ui.barDone) return;
  const done = model.meshes.filter(({ id }) => isLabelled(id)).length;
  ui.barDone.replaceChildren(
    meter(done, model.meshes.length, "labelled"), make("span", "row-count", { text: `${formatNumber(done)} / ${formatNumber(model.meshes.length)}` }),
  );
}

// What the reviewer wrote stands where nobody overlooks it.
function drawNote() {
  const note = ui.modelBar.querySelector(".bar-note");
  note.hidden = !(model.lastComment && model.state === "rejected");
  note.replaceChildren(icon("retry"), make("b", "", { text: t("sent_back") }), make("span", "note-text", { text: model.lastComment, title: model.lastComment, dir: "auto" }));
}

// Flags and comment of the model; who saw an old version is told what stands there now.
async function saveDescription(changes) {
  const wanted = { valid: model.valid, incomplete: model.incomplete, comment: model.comment, ...changes };
  const passId = model.passId;
  try {
    const { version } = await call("describe", { model_id: model.modelId, version: model.version, ...wanted });
    if (model.passId !== passId) return true;
    Object.assign(model, wanted, { version });
    drawModelBar();
    return true;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    say(error.message, { kind: "bad", action: error.kind === "conflict" ? { text: t("look_again"), run: () => openModel(passId) } : null });
    return false;
  }
}

function describeModel() {
  const text = make("textarea", "field", { rows: 5, maxlength: 2000, autofocus: true });
  text.value = model.comment;
  text.readOnly = !session.may.annotate;
  word(text, "comment", {}, "aria-label");
  const last = model.lastComment ? [make("p", "quiet", { text: t("last_comment") }), make("blockquote", "", { text: model.lastComment, dir: "auto" })] : [];
  openDialog({
    title: "comment", body: [make("p", "quiet", { text: t("comment.text") }), text, ...last],
    buttons: session.may.annotate ? [{ key: "save", kind: "primary", run: () => saveDescription({ comment: text.value }) }] : [],
  });
}

function copyLink() {
  const address = link();
  const shown = () => openDialog({ title: "copy_link", body: make("input", "field", { value: address, readonly: true, "aria-label": t("copy_link"), autofocus: true }) });
  if (!navigator.clipboard) return shown();
  return navigator.clipboard.writeText(address).then(() => say(t("link_copied"), { kind: "good" }), shown);
}

// Hand the model to the reviewers, once everything is saved; says what is missing instead.
async function submitModel() {
  const missing = model.meshes.filter(({ id }) => !isLabelled(id));
  if (missing.length) {
    say(t("submit.missing", { n: missing.length }), { kind: "bad", action: { text: t("submit.show"), run: () => showMissing(missing) } });
    return;
  }
  const passId = model.passId;
  if (saving.state === "offline" || saving.state === "stuck") return void say(t("submit.unsaved"), { kind: "bad" });
  await settledPass(passId);
  if (waiting.some((operation) => operation.pass_id === passId)) return void say(t("submit.unsaved"), { kind: "bad" });
  const done = await trying(() => call("submit", { pass_id: passId }));
  if (!done) return;
  say(t("submit.done", { name: model.name }), { kind: "good" });
  if (model.passId === passId) await nextToDo();
  if (model.passId === passId) await openModel(passId);
}

function showMissing(missing) {
  select([missing[0].id]);
  reveal(missing[0].id);
}
