// Work that takes a while: uploads, imports, fresh guesses and exports, as cards in a corner. One can go on labelling meanwhile.

const JOB_MILLISECONDS = 400;
const LONGEST_WAIT = 3000;

// A card. `onCancel`: what its button does while it works. Returns {progress, finish, node}.
function jobCard(title, { onCancel = () => {} } = {}) {
  const heading = make("b", "job-title", { text: title, title, dir: "auto" });
  const stage = make("span", "job-stage quiet");
  const bar = make("span", "job-bar");
  const result = make("div", "job-result");
  const cancel = textButton("cancel", () => { cancel.disabled = true; onCancel(); }, { className: "small" });
  const close = symbolButton("close", "close", () => { node.remove(); card.onClose(); });
  const node = make("section", "job", { "data-state": "working" }, [make("header", "", {}, [heading, cancel, close]), stage, bar, result]);
  node.setAttribute("aria-label", title);
  close.hidden = true;
  ui.jobs.append(node);
  const card = {
    node,
    onClose() {},
    progress(text, done, total) {
      stage.textContent = stageText(text);
      bar.replaceChildren(meter(done, total, "progress"));
    },
    // nodes: what stands in the card then; state: "done", "partly", "failed".
    finish(state, text, nodes = []) {
      node.dataset.state = state;
      stage.textContent = text;
      stage.classList.toggle("quiet", state === "done");
      if (state === "failed") stage.setAttribute("role", "alert");
      bar.replaceChildren();
      result.replaceChildren(...nodes);
      cancel.hidden = true;
      close.hidden = false;
    },
    // Good news needs no click: it goes by itself unless somebody is reading it.
    leave(seconds) {
      node.classList.add("leaving");
      setTimeout(() => (node.matches(":hover, :focus-within") ? card.leave(seconds) : close.click()), seconds * 1000);
    },
  };
  return card;
}

// What Python is at, in the language of the page, where the page knows it.
function stageText(text) {
  const [whole, verb, name] = text.match(/^(Importing|Drawing|Guessing|Guessed|Reading|Writing|Packing|Waiting)\b ?(.*)$/) ?? [];
  return whole === undefined ? text : t(`stage.${verb}`, { name: ["Importing", "Guessing"].includes(verb) ? name : "" });
}

// Ask until a job of the server has ended, and show on its card how far it is. A server that cannot be reached for a while does not end it.
async function followJob(jobId, card) {
  let wait = JOB_MILLISECONDS;
  for (;;) {
    try {
      const job = await call("job", { job: jobId });
      if (job.state !== "working") return job;
      card.progress(job.stage, job.done, job.total);
      wait = JOB_MILLISECONDS;
    } catch (error) {
      if (!(error instanceof CallError) || !error.mayHelpToTryAgain) throw error;
      card.progress(error.message, 0, 0);
      wait = Math.min(LONGEST_WAIT, wait * 2);
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

function cancelJob(jobId) {
  return trying(() => call("job_cancel", { job: jobId }));
}

// A card for a job of the server; `finish(card, job)` says on it what has become of the job.
function showJob(jobId, title, finish) {
  const card = jobCard(title, { onCancel: () => cancelJob(jobId) });
  noteJob(jobId, card);
  followJob(jobId, card).then((job) => finish(card, job)).catch((error) => card.finish("failed", error.message));
  return card;
}

// Jobs whose card nobody has closed yet: what was begun before a reload is shown again, also its end.
function noteJob(jobId, card) {
  remember("jobs", [...recall("jobs", []).filter((id) => id !== jobId), jobId].slice(-20));
  card.onClose = () => remember("jobs", recall("jobs", []).filter((id) => id !== jobId));
}

async function recallJobs() {
  const open = recall("jobs", []);
  if (open.length === 0) return;
  let answer;
  try {
    answer = await call("jobs");
  } catch {
    return; // nothing is lost: the jobs go on, and the queue shows what they did
  }
  for (const job of answer.jobs ?? []) {
    if (open.includes(job.job)) showJob(job.job, t(`job.${job.kind}`), { export: finishExport, guess: finishGuessing }[job.kind] ?? finishImport);
  }
}

function startJobs() {
  ui.jobs = make("div", "jobs", { role: "region" });
  word(ui.jobs, "jobs", {}, "aria-label");
  ui.root.append(ui.jobs);
  on("page", ({ name }) => { // whoever goes to work has read the good news
    if (name === "model") ui.jobs.querySelectorAll(".job.leaving").forEach((node) => node.querySelector("header > .icon-button").click());
  });
}
