// What others, other tabs of the same person and machines have said of the open pass: asked for while nothing is being sent.

const MERGE_MILLISECONDS = 2500;
let asking = false;

async function mergeChanges() {
  if (asking || !model.open || sender.busy || sender.timer || document.hidden || !isInSight()) return;
  asking = true;
  const { passId, lastLabelId } = model;
  try {
    const { saved, label_id, state: passState, guessed_at: guessedAt } = await call("changes_since", { pass_id: passId, label_id: lastLabelId });
    if (passId !== model.passId) return;
    model.lastLabelId = label_id;
    const ids = takeSaid(saved);
    if (ids.length) showLabels([...new Set(ids)]);
    await followState(passState);
    if (guessedAt !== model.guessedAt && passId === model.passId) await readGuesses(guessedAt);
    if (saving.error) sayState(null);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (error.kind === "offline") sayState(error);
  } finally {
    asking = false;
  }
}

// The pass went on, here or elsewhere. Where that changes who may write, everything is read again.
async function followState(passState) {
  if (passState === model.state) return;
  const closed = (name) => name === "submitted" || name === "accepted";
  if (closed(passState) !== closed(model.state)) await openModel(model.passId);
  else {
    model.state = passState;
    emit("state");
  }
}

function startMerging() {
  setInterval(mergeChanges, MERGE_MILLISECONDS);
}
