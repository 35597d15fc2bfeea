// Sending models to the server, batch by batch. What fails can be sent again; what is refused names its model, and the rest goes on.

let numSending = 0;

async function importBatches(title, project, todo, result) {
  numSending += 1;
  try {
    await sendBatches(title, project, todo, result);
  } finally {
    numSending -= 1;
  }
}

// What was not sent yet is only here: leaving the page asks first.
function askBeforeLeaving(event) {
  if (numSending > 0) event.preventDefault();
}

async function sendBatches(title, project, todo, result) {
  const stop = { wanted: false, now: () => {} };
  const card = jobCard(title, { onCancel: () => { stop.wanted = true; stop.now(); } });
  const waiting = [...todo];
  const again = () => importBatches(title, project, waiting, result);
  while (waiting.length && !stop.wanted) {
    const batch = waiting[0];
    try {
      gather(result, await importBatch(batch, project, card, stop));
      waiting.shift();
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (stop.wanted) break;
      if (error.kind !== "input") return finishImport(card, { state: "failed", message: error.message, result }, again);
      waiting.shift(); // something in it is refused: which model it is shows when each is sent alone
      if (batch.models.length > 1) waiting.unshift(...splitBatch(batch));
      else result.problems.push({ file: batch.names[0], message: error.message });
    }
  }
  return finishImport(card, { state: "done", result, cancelled: stop.wanted }, waiting.length ? again : null);
}

// Send a batch and wait until the server has imported it. What it cannot take is a `CallError` of kind "input".
async function importBatch(batch, project, card, stop) {
  const name = batch.names.join(", ");
  const jobId = await sendBatch(batch, project, stop, (sent, all) => card.progress(t("import.sending", { name, sent: formatBytes(sent), all: formatBytes(all) }), sent, all));
  noteJob(jobId, card);
  stop.now = () => cancelJob(jobId);
  if (stop.wanted) stop.now();
  const job = await followJob(jobId, card);
  if (job.state === "failed") throw new CallError("input", job.message);
  return job.result;
}

function gather(result, more) {
  if (!more) return;
  result.imported.push(...(more.imported ?? []));
  result.duplicates.push(...(more.duplicates ?? []));
  result.problems.push(...(more.problems ?? []));
  result.num_labels += more.num_labels ?? 0;
}

// Gives the id of the server's job.
async function sendBatch({ files }, project, stop, onProgress) {
  const form = new FormData();
  form.append("project", project);
  for (const { path, file } of files) form.append("files", file, path);
  const { job } = await upload(form, { onProgress, onStart: (abort) => { stop.now = abort; } });
  return job;
}

// By XHR, which tells how far it is.
function upload(form, { onProgress = () => {}, onStart = () => {} } = {}) {
  const request = new XMLHttpRequest();
  onStart(() => request.abort());
  return new Promise((resolve, reject) => {
    const offline = () => reject(new CallError("offline", t("offline")));
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded, event.total));
    request.addEventListener("error", offline);
    request.addEventListener("abort", offline);
    request.addEventListener("load", () => {
      const answer = request.response;
      if (request.status < 300 && answer) return resolve(answer);
      const { kind = "internal", message = t("no_answer", { status: request.status }) } = answer?.error ?? {};
      if (kind === "login") emit("session", { lost: true });
      return reject(new CallError(kind, message));
    });
    request.open("POST", "workbench/uploads");
    request.responseType = "json";
    request.send(form);
  });
}

// A label file that is dropped on an open model is meant for it.
async function importLabels({ path, file }) {
  const { passId, modelId } = model;
  await settledPass(passId); // else what waits would be a conflict
  const form = new FormData();
  form.append("model_id", modelId);
  form.append("files", file, path.split("/").at(-1));
  const said = await trying(() => upload(form));
  if (!said) return;
  say([t("import.n_labels", { n: said.num_labels }), said.left_out.length ? t("import.n_left_out", { n: said.left_out.length, names: said.left_out.slice(0, 3).join("; ") }) : ""].filter(Boolean).join(" "), { kind: said.left_out.length ? "info" : "good" });
  if (model.passId === passId) await trying(() => openModel(passId));
}
