// Calls to Python: JSON there and back. What goes wrong is a `CallError` that says whether trying again may help.

class CallError extends Error {
  // kind: "offline" (not reached), "login", "denied", "not_found", "conflict", "claim", "state", "input", "unusable", "internal"
  constructor(kind, message, data = {}) {
    super(message);
    this.kind = kind;
    this.data = data;
  }

  get mayHelpToTryAgain() {
    return this.kind === "offline" || this.kind === "unusable" || this.kind === "internal";
  }
}

const CALL_SECONDS = 30;

async function call(name, body = {}, { keepalive = false } = {}) {
  let response;
  try {
    response = await fetch(`workbench/api/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      keepalive,
      signal: AbortSignal.timeout(CALL_SECONDS * 1000),
    });
  } catch (error) {
    throw new CallError("offline", t("offline"), { cause: String(error) });
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  const { kind = "internal", message = t("no_answer", { status: response.status }), ...data } = answer?.error ?? {};
  if (kind === "login") emit("session", { lost: true });
  throw new CallError(kind, message, data);
}
