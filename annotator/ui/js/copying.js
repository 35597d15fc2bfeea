// Labels from elsewhere: from the mirrored fragment, or from a similar or earlier model. What would change is listed before, and ticked off.

const SURE_PLACE = 0.9; // mirrored boxes that overlap less are to be looked at again

function copyMirrored(ids) {
  if (!mayEdit()) return sayWhyNot();
  const changes = mirroredChanges([...ids]);
  if (!changes.length) return say(t(ids.length && !ids.some(isLabelled) ? "mirror_label_first" : "mirror_none"));
  if (ids.length === 1 && changes[0].by === "name") {
    relabelEach([[changes[0].to, changes[0].wish]]);
    return say(t("mirror_done_one", { name: meshName(changes[0].to), now: labelWords(labelOf(changes[0].to)) }), { kind: "good", action: { text: t("undo"), run: undo } });
  }
  return offerChanges({
    title: "cmd.mirror", intro: t(ids.length ? "mirror_text" : "mirror_text_all"),
    rows: changes.map(({ from, to, wish, by, score }) => ({ id: to, wish, score, reason: t(`mirror_by.${by}`, { name: meshName(from) }), recheck: by === "place" && score < SURE_PLACE })),
  });
}

// rows: [{id, wish, score, reason, recheck}]
function offerChanges({ title, intro, rows }) {
  const lines = rows.map((row) => changeLine(row));
  const count = make("p", "accept-count", { role: "status" });
  const chosen = () => lines.filter((line) => line.tick.checked).map((line) => line.row);
  const draw = () => { count.textContent = t("changes_count", { n: chosen().length, again: chosen().filter((row) => row.recheck).length }); };
  const tickAll = (test) => () => { lines.forEach((line) => { line.tick.checked = test(line.row); }); draw(); };
  const body = make("div", "change-rows", {}, lines.map((line) => line.node));
  body.addEventListener("change", draw);
  openDialog({
    title, className: "wide",
    body: [
      make("p", "", { text: intro }), make("div", "line", {}, [textButton("tick_all", tickAll(() => true)), textButton("tick_sure", tickAll((row) => !row.recheck)), textButton("tick_none", tickAll(() => false))]),
      body, count,
    ],
    buttons: [{ key: "cancel", run: () => true }, { key: "copy_these", kind: "primary", run: () => applyChanges(chosen()) }],
  });
  draw();
  return undefined;
}

function changeLine(row) {
  const tick = make("input", "", { type: "checkbox", checked: true, "aria-label": meshName(row.id) });
  const now = labelOf(row.id);
  const parts = [tick, nameText(meshName(row.id)), isLabelled(row.id) ? labelChip(now) : make("span"), make("span", "arrow quiet", { text: "→" }), labelChip({ unsure: false, comment: "", ...row.wish })];
  if (row.recheck) parts.push(make("span", "recheck-mark", { text: t("recheck") }));
  parts.push(make("span", "space"), make("span", "quiet reason", { text: row.reason, dir: "auto" }), make("span", "score", { text: `${Math.round(row.score * 100)} %` }));
  return { row, tick, node: make("label", "change-row", {}, parts) };
}

function applyChanges(rows) {
  const num = relabelEach(rows.map(({ id, wish }) => [id, wish]));
  const again = rows.filter((row) => row.recheck).map((row) => row.id);
  startRecheck(again);
  if (again.length) say(t("copied_recheck", { n: num, again: again.length }), { kind: "good", action: { text: t("undo"), run: undo } });
  else say(t("copied", { n: num }), { kind: "good", action: num ? { text: t("undo"), run: undo } : null });
}

async function copyFromOther() {
  if (!mayEdit()) return sayWhyNot();
  const { passId } = model;
  const answer = await trying(() => call("similar", { pass_id: passId }));
  if (!answer || passId !== model.passId) return undefined;
  if (!answer.models.length) return say(t("copy_no_model"));
  const choice = make("div", "similar-rows");
  const dialog = openDialog({ title: "cmd.copy", body: [make("p", "", { text: t("copy_text") }), choice] });
  choice.append(...answer.models.map((other) => similarRow(other, () => { dialog.close(); previewCopy(passId, other); })));
  choice.querySelector("button").focus();
  return undefined;
}

function similarRow({ name, score, num_matched }, run) {
  const node = make("button", "similar-row", { type: "button" }, [
    nameText(name), make("span", "space"), make("span", "quiet", { text: t("num_matched", { n: num_matched }) }), make("span", "score", { text: `${Math.round(score * 100)} %` }),
  ]);
  node.addEventListener("click", run);
  return node;
}

async function previewCopy(passId, { pass_id, name }) {
  const answer = await trying(() => call("copy_labels_preview", { pass_id: passId, from_pass_id: pass_id }));
  if (!answer || passId !== model.passId) return;
  const rows = answer.changes
    .map(({ art_mesh_id, kind, part, side, pieces, score, reason, recheck }) => ({ id: art_mesh_id, wish: { kind, part, side, ...(pieces?.length ? { pieces } : {}) }, score, reason: TEXTS[`match.${reason}`] ? t(`match.${reason}`) : reason, recheck }))
    .filter(({ id, wish }) => model.byId.has(id) && !(sameDecision(labelOf(id), wish) && (!wish.pieces || samePieces(labelOf(id), wish))));
  if (!rows.length) say(t("copy_nothing", { model: name }));
  else offerChanges({ title: "cmd.copy", intro: t("copy_preview_text", { model: name }), rows });
}

// The fragments whose copied labels are to be looked at, one after the other; who labels one, or goes past it, has seen it.
const recheck = { passId: null, ids: [] };

function recheckIds() {
  return recheck.passId === model.passId ? recheck.ids : [];
}

function startRecheck(ids) {
  Object.assign(recheck, { passId: model.passId, ids });
  emit("recheck");
  if (ids.length) select([ids[0]]);
  if (ids.length) reveal(ids[0]);
}

function goRecheck(step) {
  const ids = recheckIds();
  if (!ids.length) return say(t("recheck_none"));
  const at = ids.indexOf(selection.ids.at(-1));
  const next = ids[at < 0 ? 0 : at + step];
  recheck.ids = at < 0 ? ids : ids.filter((_, place) => place !== at);
  emit("recheck");
  if (next === undefined || !recheck.ids.length) return say(t("recheck_done"), { kind: "good" });
  select([next]);
  return reveal(next);
}
