// Work of the server that takes longer than a click: publishing and promoting, as cards that survive a reload.

const DONE_SHOWN_SECONDS = 8;

// Cards for what is under way or has just ended, as every overview tells it.
function showWorks(works) {
  for (const work of works) {
    const known = ui.workStates.get(work.job);
    if (known === work.state && work.state !== "working") continue;
    ui.workStates.set(work.job, work.state);
    const wasSeenWorking = known === "working";
    if (work.state === "working") showCard(work);
    else {
      ui.works.querySelector(`[data-work="${CSS.escape(work.job)}"]`)?.remove();
      if (wasSeenWorking) tellEnd(work);
    }
  }
}

function showCard(work) {
  let node = ui.works.querySelector(`[data-work="${CSS.escape(work.job)}"]`);
  if (!node) {
    node = make("section", "work", { "data-work": work.job, role: "status" }, [make("b", "long", { text: work.kind, title: work.kind }), make("span", "quiet"), make("span", "endless")]);
    ui.works.append(node);
  }
  node.children[1].textContent = work.stage;
}

function tellEnd(work) {
  if (work.state === "failed") say(`${work.kind}: ${work.message}`, "bad");
  else say(work.kind.startsWith("Publish") ? `${work.result.checkpoint} is a candidate now. See Serving.` : `${work.result.checkpoint} serves now.`);
  refreshAll();
}

async function beginWork(begin) {
  const begun = await begin();
  ui.workStates.set(begun.work, "working");
  await refreshAll();
}
