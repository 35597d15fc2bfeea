// Guess again: the machine looks once more at one model or at a whole project, after it has learnt. What people said stays.

function openGuessing() {
  const project = projectBox();
  const run = () => startGuessing({ project: project.value }, t("guessing.title", { name: project.value }));
  openDialog({
    title: "guessing",
    body: [make("p", "", { text: t("guessing.text") }), make("label", "labelled", {}, [word(make("span", ""), "project"), project])],
    buttons: [{ key: "cancel", run: () => true }, { key: "guessing", kind: "primary", run }],
  });
}

function guessModelAgain() {
  return startGuessing({ pass_id: model.passId }, t("guessing.title", { name: model.name }));
}

async function startGuessing(wanted, title) {
  const started = await trying(() => call("guess_start", wanted));
  if (!started) return false;
  showJob(started.job, title, finishGuessing).progress(t("import.starting"), 0, 1);
  return true;
}

async function finishGuessing(card, { state, message, result }) {
  const { models = [], num_changed = 0, answered_by = "", problems = [] } = result ?? {};
  const failed = state === "failed" || (models.length === 0 && problems.length > 0);
  const summary = [
    state === "failed" ? message : t("guessing.done", { n: models.length, models: formatNumber(models.length) }),
    result && models.length ? t("guessing.changed", { n: num_changed, num: formatNumber(num_changed) }) : null,
    problems.length ? t("import.n_problems", { n: problems.length }) : null,
  ];
  const nodes = problems.map(({ file, message: reason }) => make("div", "job-row bad", {}, [nameText(file), make("span", "reason", { text: reason, dir: "auto" })]));
  if (models.length) nodes.push(make("p", "hash quiet", { text: answered_by ? t("guessing.by", { name: answered_by }) : t("guessing.by_rules") }));
  const good = !failed && problems.length === 0;
  card.finish(failed ? "failed" : problems.length ? "partly" : "done", summary.filter(Boolean).join(" · "), nodes);
  if (good) card.leave(20);
  await mergeChanges(); // the open model may be among them
  await loadQueue({ quiet: true });
}

// The guesses of the open model, without reading anything else of it again: what waits to be saved is not touched.
async function readGuesses(guessedAt) {
  const passId = model.passId;
  const answer = await call("guesses", { pass_id: passId });
  if (model.passId !== passId) return;
  Object.assign(model, { guesses: guessMap(answer.guesses), guessedAt });
  emit("labels", { ids: model.meshes.map(({ id }) => id) });
}
