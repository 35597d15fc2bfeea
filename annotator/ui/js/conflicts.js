// Somebody else has labelled the same fragments meanwhile: both values are shown, and the person chooses. Nothing is lost silently.

// Both said the same: there is nothing to choose.
function settleEqual(operation, conflicts) {
  if (!conflicts.every(({ wanted, current }) => sameValue(wanted, current))) return false;
  settleConflict(operation, conflicts, new Set());
  return true;
}

// mine: ids of the fragments where the person's own value shall stand.
function settleConflict(operation, conflicts, mine) {
  const current = new Map(conflicts.map((conflict) => [conflict.current.art_mesh_id, conflict.current]));
  const changes = operation.changes
    .filter(({ art_mesh_id: id }) => !current.has(id) || mine.has(id))
    .map((change) => ({ ...change, version: current.get(change.art_mesh_id)?.version ?? change.version }));
  dropLater(operation, new Set([...current.keys()].filter((id) => !mine.has(id))));
  renumber(operation.pass_id, new Map([...mine].map((id) => [id, current.get(id).version + 1])), operation);
  unpark(operation, changes.length ? { ...operation, operation_id: newOperationId(), changes, sent: false } : null);
  if (operation.pass_id === model.passId) {
    takeSaid([...current.values()]);
    showLabels([...current.keys()]);
  }
}

function dropLater(operation, ids) {
  for (const later of waiting.slice(waiting.indexOf(operation) + 1)) {
    if (later.pass_id !== operation.pass_id || !later.changes) continue;
    later.changes = later.changes.filter((change) => !ids.has(change.art_mesh_id));
    if (!later.changes.length) forget(later);
  }
}

// What the person has to decide about an operation that cannot be saved as it is.
function askAbout(operation, error) {
  if (error.kind === "claim") claimWasLost(operation.pass_id, error);
  if (!isInSight() || ui.root.querySelector(".deciding")) return; // the header says that something waits
  if (error.kind === "conflict") askAboutConflict(operation, error.data.conflicts);
  else if (error.kind === "claim") sayWhyNot();
  else askAboutRefusal(operation, error);
}

function decideNext() {
  const [first] = parked.values();
  if (first) askAbout(first.operation, first.error);
}

function askAboutConflict(operation, conflicts) {
  const rows = conflicts.map((conflict) => conflictRow(conflict));
  const settle = () => settleConflict(operation, conflicts, new Set(rows.filter((row) => row.mine()).map((row) => row.id)));
  const all = (mine) => () => rows.forEach((row) => row.choose(mine));
  openDialog({
    title: "conflict", className: "deciding wide",
    body: [
      make("p", "", { text: t("conflict_text", { n: conflicts.length, model: operation.model }) }),
      make("div", "conflict-all", {}, conflicts.length > 1 ? [textButton("keep_all_mine", all(true)), textButton("take_all_theirs", all(false))] : []),
      make("div", "conflict-rows", {}, rows.map((row) => row.node)),
    ],
    buttons: [{ key: "later", run: () => true }, { key: "save_choice", kind: "primary", run: settle }],
  });
}

function conflictRow({ wanted, current, user, at }) {
  const id = current.art_mesh_id;
  const choice = (value, whose, label) => {
    const input = make("input", "", { type: "radio", name: `conflict-${id}`, value, checked: value === "mine" });
    return make("label", "conflict-value", {}, [input, make("span", "whose", { text: whose }), labelChip(label)]);
  };
  const theirs = user ? t("theirs", { user, ago: formatAgo(at) }) : t("theirs_nobody");
  const node = make("fieldset", "conflict-row", {}, [
    make("legend", "", {}, [nameText(meshName(id))]), choice("mine", t("mine"), wanted), choice("theirs", theirs, current),
  ]);
  const inputs = node.querySelectorAll("input");
  return { id, node, mine: () => inputs[0].checked, choose: (mine) => { inputs[mine ? 0 : 1].checked = true; } };
}

// A label with its colour, its words and its comment.
function labelChip(label) {
  const chip = classChip(classIn(label), labelWords(label));
  if (label.comment) chip.append(make("span", "label-comment", { text: label.comment, dir: "auto" }));
  return chip;
}

// Not allowed, submitted meanwhile, no such model: trying again as it is will not help, but the world may change.
function askAboutRefusal(operation, error) {
  const names = operation.changes.slice(0, 8).map((change) => meshName(change.art_mesh_id));
  openDialog({
    title: "not_saved", className: "deciding",
    body: [
      make("p", "", { text: t("not_saved_text", { n: operation.changes.length, model: operation.model, names: names.join(", ") }) }),
      make("p", "bad-news", { text: error.message }),
    ],
    buttons: [
      { key: "later", run: () => true },
      { key: "discard_change", kind: "danger", run: () => discard(operation) },
      { key: "try_again", kind: "primary", run: () => unpark(operation) },
    ],
  });
}

function discard(operation) {
  const ids = operation.changes.map((change) => change.art_mesh_id);
  dropLater(operation, new Set(ids));
  unpark(operation, null);
  if (operation.pass_id === model.passId) showLabels(ids);
}

// The person's undo or redo met a newer label of somebody else: nothing was changed yet.
function askAboutAct({ name }, conflicts) {
  const row = ({ wanted, current, user, at }) => make("div", "conflict-row", {}, [
    make("div", "", {}, [nameText(meshName(current.art_mesh_id))]),
    make("div", "conflict-value", {}, [make("span", "whose", { text: user ? t("theirs", { user, ago: formatAgo(at) }) : t("theirs_nobody") }), labelChip(current)]),
    make("div", "conflict-value", {}, [make("span", "whose", { text: t(`${name}_would_be`) }), labelChip(wanted)]),
  ]);
  openDialog({
    title: `${name}_conflict`, className: "deciding wide",
    body: [make("p", "", { text: t(`${name}_conflict_text`, { n: conflicts.length }) }), make("div", "conflict-rows", {}, conflicts.map(row))],
    buttons: [
      { key: "cancel", run: () => true },
      { key: "act_keep", run: () => enqueue({ name, on_conflict: "keep" }) },
      { key: "act_overwrite", kind: "danger", run: () => enqueue({ name, on_conflict: "overwrite" }) },
    ],
  });
}
