// In the header: whether everything is saved, since when, and what to do where it is not.

function buildSaving() {
  const dot = make("i", "saving-dot");
  const text = make("span", "saving-text");
  const button = make("button", "button plain", { type: "button" });
  const node = make("div", "saving", { role: "status", "aria-live": "polite" }, [dot, text, button]);
  const refresh = () => {
    node.dataset.state = saving.state;
    node.dataset.waiting = saving.waiting;
    text.textContent = savingText();
    node.title = savingDetail();
    const action = savingAction();
    button.hidden = !action;
    if (action) button.textContent = action.text;
  };
  button.addEventListener("click", () => savingAction()?.run());
  on("saving", refresh);
  on("language", refresh);
  refresh();
  return node;
}

function savingText() {
  const n = saving.waiting;
  if (saving.state === "offline") return n ? t("saving.offline", { n }) : t("saving.offline_idle");
  if (saving.state === "stuck") return t(`saving.stuck.${stuckKind()}`, { n });
  if (saving.state === "pending") return t("saving.pending", { n });
  return saving.savedAt ? t("saving.saved_at", { time: new Date(saving.savedAt).toLocaleTimeString(language) }) : t("saving.saved");
}

function stuckKind() {
  const [first] = parked.values();
  const kind = first?.error.kind ?? saving.error?.kind;
  return ["conflict", "claim", "login", "unusable"].includes(kind) ? kind : "other";
}

function savingDetail() {
  const [first] = parked.values();
  const parts = [first?.error.message ?? saving.error?.message, tab.full && t("saving.full"), saving.waiting && t("saving.kept")];
  return parts.filter(Boolean).join("\n");
}

function savingAction() {
  if (parked.size) return { text: t("decide"), run: decideNext };
  if (saving.state === "stuck" || saving.state === "offline") return { text: t("try_again"), run: tryNow };
  return null;
}
