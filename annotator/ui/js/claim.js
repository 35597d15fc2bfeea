// The claim on the open pass: taken on opening, kept by a heartbeat, given back on leaving. Without it everything is read only.

const HEARTBEAT_SECONDS = 30;
const NO_HOLD = { passId: null, held: false, taking: false, lost: false, refusal: null };
const hold = { ...NO_HOLD };
const takenAt = new Map(); // pass_id -> when this page claimed it last, in the server's milliseconds

// Also while the answer is under way: what is decided meanwhile waits in the queue (`isBeingClaimed`), and is kept if the claim is refused.
function mayEdit() {
  return model.open && model.canEdit && session.may.annotate && (hold.held || hold.taking) && hold.passId === model.passId;
}

function wantsClaim() {
  return model.open && model.canEdit && session.may.annotate && (page.name === "model" || page.name === null);
}

// Why nothing can be changed here, as the key of a text; null where it can.
function readOnlyReason() {
  if (!model.open || mayEdit()) return null;
  if (!session.may.annotate) return "read_only_role";
  if (!model.canEdit) return "read_only_state";
  if (hold.refusal?.kind === "claim") return hold.lost ? "claim_lost" : "claim_held";
  return hold.refusal ? "claim_refused" : "read_only_claiming"; // for the moment until `followPass`
}

function sayWhyNot() {
  const reason = readOnlyReason();
  if (reason) say(t(reason, claimValues()), { kind: "bad" });
}

function claimValues() {
  return {
    holder: hold.refusal?.data.holder ?? "–", state: t(`state.${model.state}`), message: hold.refusal?.message ?? "", time: claimEnds(),
    n: waiting.filter((operation) => operation.pass_id === model.passId).length,
  };
}

function claimEnds() {
  const until = hold.refusal?.data.expires_at;
  return until ? new Date(until).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" }) : "–";
}

async function takeClaim() {
  const passId = model.passId;
  if (hold.passId !== passId) Object.assign(hold, NO_HOLD, { passId });
  hold.taking = true;
  emit("claim");
  const refusal = await callClaim("claim", { pass_id: passId });
  if (hold.passId === passId) {
    hold.taking = false;
    if (refusal) refuseClaim(refusal);
    else gotClaim(passId);
    sendNext();
  } else if (!refusal) giveBack(passId); // left before the answer came
}

// What is decided in the pass now is sent when the answer has come, not beside the claim that it needs.
function isBeingClaimed(passId) {
  return hold.taking && hold.passId === passId;
}

async function callClaim(name, body) {
  try {
    const answer = await call(name, body);
    if (answer.taken_at) takenAt.set(body.pass_id, answer.taken_at);
    return null;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    return error;
  }
}

function gotClaim(passId) {
  if (passId === hold.passId) Object.assign(hold, { held: true, taking: false, lost: false, refusal: null });
  emit("claim");
  const stuck = parked.get(passId);
  if (stuck?.error.kind === "claim") unpark(stuck.operation);
}

function refuseClaim(refusal) {
  hold.lost = hold.held || hold.lost;
  Object.assign(hold, { held: false, refusal });
  emit("claim");
}

// For what was refused because nobody holds the pass any more (the claim ran out, or another tab gave it back). Returns the refusal, or null.
async function claimAgain(passId) {
  const refusal = await callClaim("claim", { pass_id: passId });
  if (!refusal) gotClaim(passId);
  return refusal;
}

// A waiting change was refused because somebody else has the pass.
function claimWasLost(passId, refusal) {
  if (passId !== hold.passId) return;
  hold.held = true;
  refuseClaim(refusal);
}

async function beat() {
  const { passId } = hold;
  if (!hold.held) return;
  let refusal = await callClaim("heartbeat", { pass_id: passId });
  if (refusal?.kind === "claim" && !refusal.data.holder) refusal = await claimAgain(passId);
  if (refusal && !refusal.mayHelpToTryAgain && refusal.kind !== "login" && passId === hold.passId) refuseClaim(refusal);
}

function leaveClaim() {
  const { passId, held } = hold;
  Object.assign(hold, NO_HOLD);
  if (held) giveBack(passId);
  sendNext();
}

// Once everything of it is saved, unless the person has returned meanwhile.
async function giveBack(passId) {
  await settledPass(passId);
  if (hold.passId !== passId && !parked.has(passId)) await callClaim("release", { pass_id: passId, taken_at: takenAt.get(passId) });
}

function followPass() {
  if (hold.passId !== null && (!wantsClaim() || hold.passId !== model.passId)) leaveClaim();
  if (wantsClaim() && hold.passId !== model.passId) takeClaim();
  else emit("claim");
}

function takeOver() {
  const field = make("textarea", "field", { rows: 3, maxlength: 2000, autofocus: true });
  const refused = make("p", "bad-news", { role: "alert" });
  const { passId } = hold;
  openDialog({
    title: "take_over", body: [make("p", "", { text: t("take_over_text", claimValues()) }), make("label", "labelled", {}, [word(make("span"), "reason"), field]), refused],
    buttons: [{ key: "cancel", run: () => true }, {
      key: "take_over", kind: "danger",
      run: async () => {
        const refusal = await callClaim("take_over", { pass_id: passId, reason: field.value });
        if (refusal) refused.textContent = field.value.trim() ? refusal.message : t("reason_needed");
        else await takenOver(passId);
        return !refusal;
      },
    }],
  });
}

async function takenOver(passId) {
  if (passId === model.passId) await trying(() => openModel(passId)); // what the other has done meanwhile
  gotClaim(passId);
}

function startClaims() {
  on("model", followPass);
  on("page", followPass);
  on("session", ({ lost }) => { if (!lost) followPass(); });
  setInterval(beat, HEARTBEAT_SECONDS * 1000);
  window.addEventListener("pagehide", () => {
    if (hold.held && !waiting.some((operation) => operation.pass_id === hold.passId)) {
      call("release", { pass_id: hold.passId, taken_at: takenAt.get(hold.passId) }, { keepalive: true }).catch(() => {});
    }
  });
  window.addEventListener("pageshow", (event) => { if (event.persisted && model.open) takeClaim(); });
}
