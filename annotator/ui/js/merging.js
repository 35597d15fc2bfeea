// What others, or other tabs of the same person, have labelled in the open pass: asked for while nothing is being sent.

const MERGE_MILLISECONDS = 2500;
let asking = false;

async function mergeChanges() {
  if (asking || !model.open || sender.busy || sender.timer || document.hidden || !isInSight()) return;
  asking = true;
  const { passId, lastLabelId } = model;
  try {
    const { saved, label_id } = await call("changes_since", { pass_id: passId, label_id: lastLabelId });
    if (passId !== model.passId) return;
    model.lastLabelId = label_id;
    const ids = takeSaid(saved);
    if (ids.length) showLabels([...new Set(ids)]);
    if (saving.error) sayState(null);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (error.kind === "offline") sayState(error);
  } finally {
    asking = false;
  }
}

function startMerging() {
  setInterval(mergeChanges, MERGE_MILLISECONDS);
}
