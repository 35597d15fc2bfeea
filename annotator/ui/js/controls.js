// Buttons, fields, chips and dialogs that every page uses. Their words follow the language.

Object.assign(ICON_PATHS, {
  play: ["FM7 5l12 7-12 7z"],
  link: ["M10 14a4 4 0 0 0 6 .5l3-3a4.200 4.200 0 0 0-6-6l-1.500 1.500", "M14 10a4 4 0 0 0-6-.5l-3 3a4.200 4.200 0 0 0 6 6L12.500 17"],
  note: ["M4 5h16v11H9l-5 4z", "M8 9h8M8 12h5"],
  check: ["M5 12.500l4.500 4.500L19 7.500"],
  back: ["M15 5l-7 7 7 7"],
  forward: ["M9 5l7 7-7 7"],
  download: ["M12 4v11M7 11l5 5 5-5M5 20h14"],
  upload: ["M12 16V5M7 9l5-5 5 5M5 20h14"],
});

// A button with words; `key` names its text. `command`: whose key the tooltip tells.
function textButton(key, onClick, { symbol = null, className = "", values = {}, command = null } = {}) {
  const label = word(make("span", "label"), key, values);
  const node = make("button", `button ${className}`, { type: "button" }, symbol ? [icon(symbol), label] : [label]);
  if (command) node.addEventListener("pointerenter", () => { node.title = [t(commands.get(command).text), keyHint(command)].filter(Boolean).join("  "); });
  node.addEventListener("click", onClick);
  return node;
}

// A button that is only an icon, named for screen readers and by its tooltip.
function symbolButton(symbol, key, onClick, { className = "", values = {} } = {}) {
  return named(iconButton(symbol, "", "", onClick, className), key, values);
}

function named(node, key, values = {}) {
  word(node, key, values, "aria-label");
  return word(node, key, values, "title");
}

// Text of a person or a file: cut with an ellipsis where there is no room, whole in the tooltip.
function nameText(text, className = "") {
  return make("span", `name-text ${className}`, { text, title: text, dir: "auto" });
}

function stateChip(state) {
  return make("span", "state-chip", { "data-state": state, text: t(`state.${state}`) });
}

function selectBox(key, options, onChange) {
  const node = make("select", "select");
  word(node, key, {}, "aria-label");
  setOptions(node, options);
  node.addEventListener("change", () => onChange(node.value));
  return node;
}

// options: [value, text]; what was chosen stays chosen where it still exists.
function setOptions(node, options) {
  const before = node.value;
  node.replaceChildren(...options.map(([value, text]) => make("option", "", { value, text })));
  if (options.some(([value]) => String(value) === before)) node.value = before;
}

// Stands where something could not be read.
function sorryPage(message, again) {
  return make("div", "nothing-here bad", { role: "alert" }, [icon("warning"), make("p", "", { text: message, dir: "auto" }), textButton("try_again", again)]);
}

function share(part, whole) {
  return whole > 0 ? clamp(part / whole, 0, 1) : 0;
}

// How much of something is done, as a bar that screen readers can read.
function meter(part, whole, nameKey) {
  const fill = make("i");
  fill.style.width = `${share(part, whole) * 100}%`;
  const node = make("span", "meter", {
    role: "progressbar", "aria-valuemin": 0, "aria-valuemax": Math.max(1, whole), "aria-valuenow": part, "aria-label": t(nameKey),
  }, [fill]);
  node.classList.toggle("full", whole > 0 && part >= whole);
  return node;
}

// A modal dialog. `buttons`: [{key, run, kind: "primary" | "danger" | ""}]; `run` may return false to keep it open. Esc closes it.
function openDialog({ title, body, buttons = [], values = {}, className = "", onClose = () => {} }) {
  const before = element.getRootNode().activeElement;
  const heading = word(make("h2", ""), title, values);
  const close = symbolButton("close", "close", () => node.close());
  const row = make("div", "dialog-buttons");
  const node = make("dialog", `dialog ${className}`, { "aria-label": t(title, values) }, [
    make("header", "", {}, [heading, close]), make("div", "dialog-body", {}, [body].flat()), row,
  ]);
  for (const { key, run, kind = "" } of buttons) {
    const button = textButton(key, async () => {
      button.disabled = true;
      try {
        if ((await run()) !== false) node.close();
      } finally {
        button.disabled = false;
      }
    }, { className: kind });
    row.append(button);
  }
  row.hidden = buttons.length === 0;
  node.addEventListener("close", () => {
    node.remove();
    onClose();
    before?.focus?.({ preventScroll: true });
  });
  node.addEventListener("keydown", (event) => event.stopPropagation()); // keys of the page behind do nothing meanwhile
  ui.root.append(node);
  node.showModal();
  (node.querySelector("[autofocus]") ?? node.querySelector(".dialog-body input, .dialog-body textarea, .dialog-body select") ?? close).focus();
  return node;
}

// Ask for a yes or no before something that is hard to take back.
function confirmed(title, text, yes, values = {}) {
  return new Promise((resolve) => {
    let answer = false;
    openDialog({
      title, values, body: make("p", "", { text: t(text, values) }), onClose: () => resolve(answer),
      buttons: [{ key: "cancel", run: () => true }, { key: yes, kind: "primary", run: () => { answer = true; } }],
    });
  });
}

function formatNumber(value) {
  return Number(value).toLocaleString(language);
}

function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  const step = clamp(Math.floor(Math.log10(Math.max(1, bytes)) / 3), 0, units.length - 1);
  return `${(bytes / 1000 ** step).toLocaleString(language, { maximumFractionDigits: step ? 1 : 0 })} ${units[step]}`;
}

// How long ago, in words of the language: "3 minutes ago".
function formatAgo(milliseconds) {
  const seconds = Math.round((milliseconds - Date.now()) / 1000);
  const steps = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? steps.at(-1);
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}
