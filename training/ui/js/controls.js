// Buttons, chips, tables, dialogs and messages of every page.

function button(text, onClick, kind = "") {
  const node = make("button", `button ${kind}`, { type: "button", text });
  node.addEventListener("click", onClick);
  return node;
}

// A button that waits for what it does, so that nobody does it twice.
function actButton(text, act, kind = "") {
  const node = button(text, async () => {
    node.disabled = true;
    try {
      await act();
    } finally {
      node.disabled = false;
    }
  }, kind);
  return node;
}

function chip(state) {
  return make("span", "state", { "data-state": state, text: state });
}

// Text of a person or a file: cut with an ellipsis where there is no room, whole in the tooltip.
function longText(text, className = "") {
  return make("span", `long ${className}`, { text, title: text, dir: "auto" });
}

function meter(part, whole, name) {
  const share = whole > 0 ? clamp(part / whole, 0, 1) : 0;
  const fill = make("i");
  fill.style.width = `${share * 100}%`;
  return make("span", "meter", { role: "progressbar", "aria-valuemin": 0, "aria-valuemax": Math.max(1, whole), "aria-valuenow": part, "aria-label": name }, [fill]);
}

function alertBox(text, kind = "bad") {
  return make("div", `notice ${kind}`, { role: kind === "bad" ? "alert" : "status" }, [icon(kind === "bad" ? "warning" : "help"), make("p", "", { text, dir: "auto" })]);
}

// A table; cells are text or nodes. `numeric`: columns that stand to the right.
function table(heads, rows, { numeric = [], className = "" } = {}) {
  const cell = (tag, value, column) => make(tag, numeric.includes(column) ? "number" : "", {}, [value instanceof Node ? value : document.createTextNode(value ?? "")]);
  const line = (tag, values) => make("tr", "", {}, values.map((value, column) => cell(tag, value, column)));
  return make("div", "scrolled", {}, [make("table", className, {}, [make("thead", "", {}, [line("th", heads)]), make("tbody", "", {}, rows.map((row) => line("td", row)))])]);
}

function section(title, nodes, className = "") {
  return make("section", `block ${className}`, {}, [make("h3", "", { text: title }), ...nodes]);
}

function folded(title, nodes, key = title) {
  const node = make("details", "block", {}, [make("summary", "", { text: title }), ...nodes]);
  node.open = ui.unfolded.has(key);
  node.addEventListener("toggle", () => ui.unfolded[node.open ? "add" : "delete"](key));
  return node;
}

function labelled(text, node) {
  return make("label", "labelled", {}, [make("span", "", { text }), node]);
}

// Short messages at the lower edge. Bad news stays until it is closed.
function say(text, kind = "good") {
  [...ui.toasts.children].filter((node) => node.dataset.text === text).forEach((node) => node.remove());
  const node = make("div", "toast", { "data-kind": kind, "data-text": text }, [make("span", "", { text, dir: "auto" })]);
  node.append(iconButton("close", "Close", "", () => node.remove()));
  ui.toasts.append(node);
  while (ui.toasts.children.length > 4) ui.toasts.firstChild.remove();
  if (kind !== "bad") setTimeout(() => node.remove(), 6000);
}

// A modal dialog. `run` does what the button says; where it returns false the dialog stays.
function openDialog(title, body, yes, run, kind = "primary") {
  const before = document.activeElement;
  const node = make("dialog", "dialog", { "aria-label": title });
  const act = actButton(yes, async () => {
    if ((await run()) !== false) node.close();
  }, kind);
  node.append(make("h2", "", { text: title }), make("div", "dialog-body", {}, body), make("div", "dialog-buttons", {}, [button("Cancel", () => node.close()), act]));
  node.addEventListener("close", () => {
    node.remove();
    before?.focus?.({ preventScroll: true });
  });
  ui.root.append(node);
  node.showModal();
  (node.querySelector("input, textarea, select") ?? act).focus();
  return node;
}

// A dialog that asks for one line. `answer` gets it; what goes wrong is shown in the dialog.
function askFor(title, { label, value = "", hint = "", body = [], yes, kind }, answer) {
  const field = make("input", "field", { type: "text", value, maxlength: 1000 });
  const problem = make("p", "problem", { role: "alert" });
  const node = openDialog(title, [...body, labelled(label, field), ...(hint ? [make("p", "quiet", { text: hint })] : []), problem], yes, async () => {
    problem.textContent = "";
    try {
      await answer(field.value);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      problem.textContent = error.message;
      return false;
    }
    return true;
  }, kind);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) node.querySelector(".dialog-buttons button:last-child").click();
  });
  return node;
}
