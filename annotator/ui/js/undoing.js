// Undo and redo: the person's own acts, in the order of the server's history, over all models and reloads.

function undo() {
  enqueueAct("undo");
}

function redo() {
  enqueueAct("redo");
}

function enqueueAct(name) {
  if (!session.may.annotate) {
    sayWhyNot();
  } else if (parked.size) {
    say(t("act_needs_decision"), { kind: "bad", action: { text: t("decide"), run: decideNext } });
  } else {
    enqueue({ name });
    if (saving.state === "offline" || saving.state === "stuck") say(t(`${name}_later`));
  }
}

// What was decided behind the act, and is not sent yet, follows the versions that the act has made.
function followAct({ pass_id, saved }) {
  renumber(pass_id, new Map(saved.map((label) => [label.art_mesh_id, label.version])));
}

async function sayAct({ name }, { pass_id, saved }, before) {
  const other = pass_id !== model.passId;
  if (other && !(await trying(() => openModel(pass_id, { fragment: saved[0]?.art_mesh_id ?? null })))) return;
  const ids = saved.map((label) => label.art_mesh_id);
  if (ids.length && pass_id === model.passId) {
    select(ids);
    reveal(ids.at(-1));
  }
  const text = saved.length === 1 ? oneActText(name, saved[0], before) : t(`${name}_done`, { n: saved.length });
  const back = name === "undo" ? "redo" : "undo";
  say(other ? t("act_elsewhere", { text, model: model.name }) : text, { kind: "good", action: { text: t(back), run: () => enqueueAct(back) } });
}

function oneActText(name, label, before) {
  const was = before.get(label.art_mesh_id);
  const values = { name: meshName(label.art_mesh_id), now: labelWords(label), was: was ? labelWords(was) : "" };
  return t(was ? `${name}_done_one` : `${name}_done_to`, values);
}

// An act that cannot be done leaves the queue; nothing was changed.
function giveUpAct(operation, error) {
  forget(operation);
  saving.error = null;
  queueChanged();
  if (error.kind === "not_found") say(t(`${operation.name}_nothing`));
  else if (error.kind === "conflict") askAboutAct(operation, error.data.conflicts);
  else if (error.kind === "claim" && error.data.holder) say(t("act_held", { holder: error.data.holder }), { kind: "bad" });
  else say(error.message, { kind: "bad" });
}

function meshName(id) {
  return model.byId.get(id)?.mesh_id ?? `#${id}`;
}

// A label in words: "left ears, unsure".
function labelWords({ kind, part, side, unsure, order, pieces = [] }) {
  const name = kind === "part" ? className(part) : kind === "nothing" ? className("nothing") : t(kind === "skipped" ? "skipped" : "class.none");
  const sided = side ? t("with_side", { side: t(`side.${side}`), name }) : name;
  const placed = (order ?? null) === null ? sided : t("with_order", { name: sided, place: formatNumber(order / PLACES) });
  const cut = pieces.length ? t("with_pieces", { name: placed, classes: pieces.map((piece) => className(classOfPiece(piece))).join(", ") }) : placed;
  return unsure ? t("with_unsure", { name: cut }) : cut;
}
