// Short messages at the lower edge, read out by screen readers. Bad news stays until it is closed.

const TOAST_SECONDS = 5;
const MOST_TOASTS = 4;

function startToasts() {
  ui.toasts = make("div", "toasts", { role: "status", "aria-live": "polite" });
  ui.root.append(ui.toasts);
}

// kind: "info", "good" or "bad"; action: {text, run}.
function say(text, { kind = "info", action = null } = {}) {
  [...ui.toasts.children].filter((node) => node.dataset.text === text).forEach((node) => node.remove());
  const node = make("div", "toast", { "data-kind": kind, "data-text": text }, [make("span", "toast-text", { text, dir: "auto" })]);
  if (action) {
    const button = make("button", "button plain", { type: "button", text: action.text });
    button.addEventListener("click", () => { node.remove(); action.run(); });
    node.append(button);
  }
  node.append(symbolButton("close", "close", () => node.remove()));
  ui.toasts.append(node);
  while (ui.toasts.children.length > MOST_TOASTS) ui.toasts.firstChild.remove();
  if (kind !== "bad") setTimeout(() => node.remove(), TOAST_SECONDS * 1000);
  return node;
}

// Do something that calls Python; what goes wrong is said. Returns undefined then.
async function trying(act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    say(error.message, { kind: "bad" });
    return undefined;
  }
}
