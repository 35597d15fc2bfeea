// The right column: the fragment, its label and guesses, the classes with their keys, and what else can be said about it.

let inspectorDrawing = 0;

function startInspector() {
  const parts = [buildClaimBar(), buildPreviews(), buildFragmentCard(), buildClassButtons(), buildMarks(), buildTools(), buildHistory()];
  ui.right.append(make("div", "inspector", {}, parts.map((part) => part.node ?? part)));
  const draw = () => {
    inspectorDrawing = 0;
    for (const part of parts) part.draw?.();
  };
  const drawSoon = () => { inspectorDrawing ||= requestAnimationFrame(draw); };
  for (const name of ["model", "labels", "selection", "language", "claim", "session", "keys", "recheck"]) on(name, drawSoon);
  on("pending", drawPending);
  ui.right.addEventListener("mousedown", (event) => { if (event.target.closest("button")) event.preventDefault(); }); // keys keep going to the canvas
  draw();
}

// The page is laid out anew after each write: what is as it was is not written.
function putText(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

function putAttribute(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

function putDisabled(node, disabled) {
  if (node.disabled !== disabled) node.disabled = disabled;
}

// Why everything is read only, and what can be done about it.
function buildClaimBar() {
  const text = make("p", "", { dir: "auto" });
  const again = textButton("try_again", () => takeClaim());
  const over = textButton("take_over", takeOver, { className: "danger" });
  const node = make("div", "claim-bar", { role: "status" }, [text, make("div", "line", {}, [again, over])]);
  const draw = () => {
    const reason = readOnlyReason();
    node.hidden = !reason || reason === "read_only_claiming";
    if (!reason) return;
    node.dataset.reason = reason;
    text.textContent = t(reason, claimValues());
    const held = reason === "claim_held" || reason === "claim_lost";
    over.hidden = !held;
    again.hidden = !held && reason !== "claim_refused";
  };
  return { node, draw };
}

function buildFragmentCard() {
  const node = make("section", "fragment-card");
  const draw = () => {
    const { ids } = selection;
    if (!model.open || !ids.length) node.replaceChildren(make("p", "quiet", { text: t(model.open ? "nothing_selected" : "no_model") }));
    else if (ids.length === 1) node.replaceChildren(...fragmentParts(ids[0]));
    else node.replaceChildren(...manyParts(ids));
  };
  return { node, draw };
}

function fragmentParts(id) {
  const mesh = model.byId.get(id);
  const label = labelOf(id);
  const said = make("div", "said-line", {}, [make("span", "said-what", { text: t("label") }), labelChip({ ...label, pieces: [] })]); // they have a line of their own
  said.append(make("span", "pending-mark", { title: t("saving.pending", { n: 1 }), hidden: !label.pending }));
  const guesses = model.guesses.get(id) ?? [];
  return [
    make("h3", "", {}, [nameText(mesh.mesh_id), make("span", "facts quiet", { text: factsOf(mesh) })]),
    make("p", "path quiet", { text: pathOf(mesh), title: pathOf(mesh), dir: "auto" }), said, ...guesses.slice(0, 3).map((guess, place) => guessLine(id, guess, place)),
    ...pieceLines(id), ...clippingLines(id), ...orderLine([id]),
  ];
}

function drawPending() {
  const mark = ui.right.querySelector(".pending-mark");
  if (mark) mark.hidden = selection.ids.length !== 1 || !labelOf(selection.ids[0]).pending;
}

function pathOf(mesh) {
  return partNames(mesh.part).join(" / ");
}

function factsOf(mesh) {
  if (!mesh.num_pixels) return t("fact.empty");
  const parts = [t("fact.pixels", { n: formatNumber(mesh.num_pixels) }), t("fact.visible", { percent: Math.round(100 * share(mesh.num_visible, mesh.num_pixels)) })];
  if (mesh.hidden) parts.push(t("fact.hidden"));
  return parts.join(" · ");
}

function guessLine(id, guess, place) {
  const name = guess.part ?? "nothing";
  const said = guess.side ? t("with_side", { side: t(`side.${guess.side}`), name: className(name) }) : className(name);
  const line = make("div", "said-line guess", { title: t("guess_from", { source: guess.source, version: guess.version }) }, [
    make("span", "said-what", { text: place ? "" : t("guess") }), classChip(name, said),
    make("span", "score", { text: `${Math.round(guess.score * 100)} %` }), make("span", "source quiet", { text: guess.source, dir: "auto" }),
  ]);
  if (!mayEdit()) return line;
  const button = make("button", "button small", { type: "button" }, [make("span", "", { text: t("accept") }), ...(place ? [] : keyCapOf("accept"))]);
  button.addEventListener("click", () => { relabel([id], wishOfGuess(guess)); goOn([id]); });
  line.append(button);
  return line;
}

function keyCapOf(id) {
  const hint = keyHint(id);
  return hint ? [make("kbd", "", { text: hint })] : [];
}

// Many fragments: how they are labelled now, the commonest first.
function manyParts(ids) {
  const counts = new Map();
  for (const id of ids) counts.set(labelledClass(id), (counts.get(labelledClass(id)) ?? 0) + 1);
  const lines = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 5).map(([name, num]) => make("div", "said-line", {}, [
    make("span", "said-what number", { text: formatNumber(num) }), classChip(name),
  ]));
  return [make("h3", "", { text: t("num_selected", { n: ids.length }) }), ...lines, ...orderLine(ids)];
}
