// How the review looks: the list of fragments with what everybody says, the fragment in its place, and the reviewer's decision.

function buildReviewPage() {
  const head = make("div", "review-head");
  const chips = make("div", "chips", { role: "group" });
  word(chips, "review.kinds", {}, "aria-label");
  const list = make("div", "review-list", { role: "listbox", tabindex: 0 });
  word(list, "review.list", {}, "aria-label");
  list.addEventListener("click", (event) => {
    const row = event.target.closest(".review-row");
    if (!row) return;
    review.at = Number(row.dataset.at);
    markReviewRow();
    list.focus({ preventScroll: true });
  });
  list.addEventListener("dblclick", openReviewRow);
  const place = make("div", "review-place");
  const comment = make("textarea", "field", { rows: 3, maxlength: 2000 });
  word(comment, "review.comment", {}, "placeholder");
  word(comment, "review.comment", {}, "aria-label");
  comment.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.stopPropagation(); list.focus(); }
  });
  const decision = make("div", "decision");
  ui.review = { head, chips, list, place, comment, decision };
  return make("div", "page review-page", { "data-page": "review" }, [
    make("div", "review-left", {}, [head, chips, list]), make("div", "review-right", {}, [place, comment, decision]),
  ]);
}

function drawReview() {
  const { head, chips, list, comment } = ui.review;
  if (!model.open || model.passId !== page.data.passId) {
    [head, chips].forEach((node) => node.replaceChildren());
    list.replaceChildren(...Array.from({ length: 6 }, () => make("div", "review-row skeleton", {}, [make("span", "row-picture"), make("span", "bone wide")])));
    return;
  }
  head.replaceChildren(
    symbolButton("back", "key.review.leave", () => showModel(model.passId)), nameText(model.name, "bar-title"), stateChip(model.state),
    ...(model.round ? [make("span", "mark second", { text: t("second_pass") })] : []),
    ...(model.annotator ? [make("span", "quiet by", {}, [nameText(t("by", { name: model.annotator }))])] : []), make("span", "space"), ...passLinks(),
  );
  chips.replaceChildren(...REVIEW_KINDS.map(reviewChip));
  review.shown = review.rows.filter(({ kinds }) => kinds.has(review.kind));
  review.at = clamp(review.at, 0, Math.max(0, review.shown.length - 1));
  if (review.error !== null) list.replaceChildren(sorryPage(review.error, loadReview));
  else if (review.shown.length === 0) list.replaceChildren(make("div", "nothing-here", {}, [make("p", "", { text: t("review.no_rows") })]));
  else list.replaceChildren(...review.shown.map(reviewLine));
  comment.hidden = !session.may.review;
  drawDecision();
  markReviewRow({ scroll: false });
}

function passLinks() {
  return (model.passes ?? []).filter(({ pass_id }) => pass_id !== model.passId).map(({ pass_id, round, annotator }) =>
    textButton(round ? "review.other_second" : "review.other_first", () => showModel(pass_id, { name: "review" }), { className: "plain", values: { name: annotator ?? "–" } }));
}

function reviewChip(kind) {
  const num = review.rows.filter(({ kinds }) => kinds.has(kind)).length;
  const node = make("button", "chip", { type: "button", "aria-pressed": String(review.kind === kind), "data-kind": kind }, [
    make("span", "", { text: t(`review.${kind}`) }), make("b", "", { text: formatNumber(num) }),
  ]);
  node.addEventListener("click", () => setReviewKind(kind));
  return node;
}

function reviewLine({ mesh, now, before, second, predicted, kinds }, at) {
  const said = (key, name, differs) => (name === undefined ? "" : make("span", `said ${differs ? "differs" : ""}`, {}, [make("small", "", { text: t(key) }), make("b", "", { text: name })]));
  const words = (label) => [className(classIn(label)), label.side ? t(`side.${label.side}`) : "", ...piecesIn(label).map((piece) => `✂ ${className(classOfPiece(piece))}`)].filter(Boolean).join(", ");
  const picture = mesh.url ? make("img", "row-picture", { src: mesh.url, alt: "", loading: "lazy", decoding: "async" }) : make("span", "row-picture");
  const notes = [kinds.has("moved") ? make("span", "mark", { text: t("order.moved", { place: formatNumber(now.order / PLACES), artist: artistsPlace(mesh) }) }) : "", now.unsure ? make("span", "mark", { text: t("review.is_unsure") }) : "", now.comment ? make("span", "row-comment", { text: now.comment, title: now.comment, dir: "auto" }) : ""];
  return make("div", "review-row", { role: "option", id: `review-row-${at}`, "data-at": at, "data-mesh": mesh.id, "aria-selected": "false" }, [
    picture,
    make("span", "row-name", {}, [nameText(mesh.mesh_id, "row-title"), make("span", "row-notes", {}, notes)]),
    make("span", "sayings", {}, [
      said("review.now", words(now), false),
      said("review.says_machine", predicted === null ? undefined : className(predicted), kinds.has("machine")),
      said("review.says_before", before.kind === "none" ? undefined : words(before), kinds.has("before")),
      said("review.says_second", classIn(second) === null ? undefined : words(second), kinds.has("second")),
    ]),
  ]);
}

// The fragment in full where it belongs, the rest of the character faint.
function drawPlace() {
  const { place } = ui.review;
  const row = review.shown[review.at];
  const [width, height] = model.size;
  const picture = make("div", "place-picture", {}, model.pictureUrl ? [make("img", "faint", { src: model.pictureUrl, alt: "" })] : []);
  picture.style.aspectRatio = `${width} / ${height}`;
  picture.style.setProperty("--ratio", width / height);
  if (row?.mesh.url && row.mesh.extent) {
    const [left, top, right, bottom] = row.mesh.extent;
    const fragment = make("img", "fragment", { src: row.mesh.url, alt: row.mesh.mesh_id });
    const outline = make("span", "fragment-box");
    for (const node of [fragment, outline]) {
      Object.assign(node.style, { left: `${(left / width) * 100}%`, top: `${(top / height) * 100}%`, width: `${((right - left) / width) * 100}%`, height: `${((bottom - top) / height) * 100}%` });
    }
    picture.append(fragment, outline, outlinesOf(row.now));
  }
  place.replaceChildren(make("div", "place-frame", {}, [picture]), ...(row ? [make("div", "line", {}, [nameText(row.mesh.mesh_id), make("span", "space"), textButton("review.open", openReviewRow, { command: "review.open" })])] : []));
}

// The pieces of a label as outlines over the whole picture.
function outlinesOf(label) {
  const space = "http://www.w3.org/2000/svg";
  const node = document.createElementNS(space, "svg");
  for (const [name, value] of [["viewBox", `0 0 ${GRID} ${GRID}`], ["preserveAspectRatio", "none"], ["class", "place-pieces"]]) node.setAttribute(name, value);
  for (const piece of piecesIn(label)) {
    const shape = document.createElementNS(space, "polygon");
    shape.setAttribute("points", piece.polygon.map((point) => point.join()).join(" "));
    shape.style.stroke = colourOf(classOfPiece(piece));
    node.append(shape);
  }
  return node;
}

function drawDecision() {
  const { decision } = ui.review;
  if (!session.may.review) return decision.replaceChildren(make("p", "quiet", { text: t("review.only_reviewers") }));
  if (!["submitted", "accepted"].includes(model.state)) return decision.replaceChildren(make("p", "quiet", { text: t("review.not_submitted") }));
  const own = model.annotator === session.user && !session.may.administer;
  const accept = textButton("review.accept", acceptModel, { className: "primary", symbol: "check", command: "review.accept" });
  accept.disabled = own || model.state !== "submitted";
  return decision.replaceChildren(
    ...(own ? [make("p", "quiet", { text: t("review.own_work") })] : []), textButton("review.send_back", sendBack, { symbol: "retry", command: "review.back" }), accept,
  );
}

function markReviewRow({ scroll = true } = {}) {
  const { list } = ui.review;
  list.removeAttribute("aria-activedescendant");
  for (const row of list.querySelectorAll(".review-row[data-at]")) {
    const here = Number(row.dataset.at) === review.at;
    row.setAttribute("aria-selected", String(here));
    if (!here) continue;
    list.setAttribute("aria-activedescendant", row.id);
    if (scroll) row.scrollIntoView({ block: "nearest" });
  }
  drawPlace();
}
