// The review of a pass: what differs from the machine, from the last review, from the second pass; accept it or send it back.

const REVIEW_KINDS = ["differs", "machine", "before", "second", "cut", "moved", "unsure", "all"];
const review = { kind: "differs", rows: [], shown: [], at: 0, passId: null, error: null };

// A fragment with what everybody says about it, and why a reviewer should look.
function reviewRow(mesh, difference) {
  const none = { kind: "none", part: null, side: null, unsure: false, comment: "" };
  const now = labelOf(mesh.id);
  const before = model.round ? none : difference?.before ?? none;
  const second = (model.round ? difference?.now : difference?.second) ?? none;
  const predicted = guessOf(mesh.id) ? guessedClass(mesh.id) : null;
  const kinds = new Set(["all"]);
  if (predicted !== null && predicted !== classIn(now)) kinds.add("machine");
  if (before.kind !== "none" && !sameValue(before, now)) kinds.add("before");
  const secondDecided = classIn(second) !== null;
  if (secondDecided && (classIn(second) !== classIn(now) || !samePieceClasses(second, now))) kinds.add("second");
  if (piecesIn(now).length) kinds.add("cut");
  if (now.unsure || now.comment) kinds.add("unsure");
  if (orderIn(now) !== null) kinds.add("moved");
  if (kinds.has("machine") || kinds.has("before") || kinds.has("second") || kinds.has("moved") || kinds.has("cut")) kinds.add("differs");
  return { mesh, now, before, second, predicted, kinds };
}

async function loadReview() {
  if (!model.open) return;
  const { passId } = model;
  review.passId = passId;
  try {
    const { differences } = await call("differences", { model_id: model.modelId });
    if (model.passId !== passId) return;
    const byId = new Map(differences.map((one) => [one.art_mesh_id, one]));
    review.rows = [...model.meshes].reverse().map((mesh) => reviewRow(mesh, byId.get(mesh.id))); // front first, as the tree shows them
    review.error = null;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    review.error = error.message;
  }
  if (!review.rows.some(({ kinds }) => kinds.has(review.kind))) review.kind = review.rows.some(({ kinds }) => kinds.has("differs")) ? "differs" : "all";
  drawReview();
}

function setReviewKind(kind) {
  review.kind = kind;
  review.at = 0;
  drawReview();
}

function stepReview(step) {
  review.at = clamp(review.at + step, 0, Math.max(0, review.shown.length - 1));
  markReviewRow();
}

function openReviewRow() {
  const row = review.shown[review.at];
  if (row) showFragment(row.mesh.id);
}

// The fragment on the model page, with everything else faint.
async function showFragment(id) {
  await showModel(model.passId, { fragment: id });
  setXray(true);
}

async function acceptModel() {
  if (!canJudge("submitted")) return;
  const { passId } = model;
  if (!(await trying(() => call("accept", { pass_id: passId, comment: ui.review.comment.value })))) return;
  say(t("review.accepted", { name: model.name }), { kind: "good" });
  await nextToReview(passId);
}

async function sendBack() {
  if (!canJudge("submitted", "accepted")) return;
  const comment = ui.review.comment.value;
  if (!comment.trim()) {
    ui.review.comment.focus();
    return void say(t("review.comment_needed"), { kind: "bad" });
  }
  const { passId } = model;
  if (!(await trying(() => call("send_back", { pass_id: passId, comment })))) return;
  say(t("review.sent_back", { name: model.name }), { kind: "good" });
  await nextToReview(passId);
}

function canJudge(...states) {
  return page.name === "review" && model.open && session.may.review && states.includes(model.state);
}

// On to the next model that waits for a reviewer; what this person labelled is left to others.
async function nextToReview(doneId = null) {
  ui.review.comment.value = "";
  const answer = await trying(() => call("queue", queueRequest({ states: ["submitted"], order: "oldest", search: "", offset: 0, limit: 100 })));
  const next = answer?.entries.find((entry) => entry.pass_id !== doneId && (entry.annotator !== session.user || session.may.administer));
  if (next) await showModel(next.pass_id, { name: "review" });
  else {
    if (page.name !== "models") {
      closeModel();
      await showPage("models");
    }
    say(t("review.none_left"));
  }
}

function startReview() {
  const node = buildReviewPage();
  moveByArrows(ui.review.list, stepReview);
  addPage({ name: "review", node, heading: () => ui.review.list, show: () => (model.open && model.passId === page.data.passId ? loadReview() : drawReview()) });
  on("model", () => {
    if (page.name === "review" && model.passId === page.data.passId) loadReview();
    else if (!model.open || model.passId !== review.passId) Object.assign(review, { rows: [], shown: [], at: 0, passId: null });
  });
  on("language", () => page.name === "review" && drawReview());
  const here = () => page.name === "review" && model.open;
  const add = (id, keys, run, when = here) => addCommand({ id, text: `key.${id}`, keys, group: "group.review", place: "review", when, run });
  add("review.down", ["j"], () => stepReview(1));
  add("review.up", ["k"], () => stepReview(-1));
  add("review.open", ["Enter"], openReviewRow);
  add("review.accept", ["Ctrl+Enter"], acceptModel, () => canJudge("submitted"));
  add("review.comment", ["c"], () => ui.review.comment.focus(), () => canJudge("submitted", "accepted"));
  add("review.back", ["Ctrl+Backspace"], sendBack, () => canJudge("submitted", "accepted"));
  add("review.leave", ["Escape"], () => showModel(model.passId));
}
