// Calls to Python: JSON there and back. What goes wrong is a `CallError` whose message is for a person.

class CallError extends Error {
  constructor(kind, message, data = {}) {
    super(message);
    this.kind = kind; // "offline" (not reached), "login", "denied", "not_found", "conflict", "unusable", "input", "internal"
    this.data = data;
  }
}

const CALL_SECONDS = 60;

async function call(name, body = {}) {
  let response;
  try {
    response = await fetch(`training/api/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_SECONDS * 1000),
    });
  } catch (error) {
    throw new CallError("offline", "The server cannot be reached. Runs go on meanwhile; this page tries again.", { cause: String(error) });
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  const { kind = "internal", message = `The server answered with status ${response.status}. Try again.`, ...data } = answer?.error ?? {};
  throw new CallError(kind, message, data);
}

// Do something that calls Python; what goes wrong is said. Returns undefined then.
async function trying(act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    say(error.message, "bad");
    return undefined;
  }
}
