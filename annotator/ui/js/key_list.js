// All keys on one sheet, made from the list of commands; each can be given another key there.

// What is done all day comes first.
function commandGroups() {
  const groups = new Map([["group.classes", []], ["group.labels", []]]);
  for (const command of commands.values()) groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  return groups;
}

function keyCaps(id) {
  const keys = keysOf(id);
  return keys.length ? keys.map((key) => make("kbd", "", { text: keyText(key) })) : [make("span", "quiet", { text: "—" })];
}

function showKeys() {
  if (ui.root.querySelector(".key-list")) return;
  const columns = make("div", "key-columns");
  const note = make("p", "key-note", { role: "status", text: t("keys_text") });
  const draw = () => columns.replaceChildren(...[...commandGroups()].map(([group, members]) => make("section", "", {}, [
    make("h3", "", { text: t(group) }), ...members.map((command) => keyRow(command, note, draw)),
  ])));
  draw();
  const dialog = openDialog({
    title: "keys", className: "key-list wide", body: [note, columns],
    buttons: [{ key: "keys_reset", run: () => { resetKeys(); draw(); note.textContent = t("keys_were_reset"); return false; } }, { key: "close", kind: "primary", run: () => true }],
  });
  dialog.addEventListener("cancel", (event) => { if (dialog.querySelector(".listening")) event.preventDefault(); });
}

function keyRow(command, note, draw) {
  const button = make("button", "key-button", { type: "button", "aria-label": t("keys_change", { name: t(command.text) }) }, keyCaps(command.id));
  button.addEventListener("click", () => listenForKey(button, command, note, draw));
  return make("div", "key-row", { "data-command": command.id }, [make("span", "key-words", { text: t(command.text), dir: "auto" }), button]);
}

// The next key that is pressed becomes the command's; Escape leaves it, Backspace takes it away. A key in use is given away only when asked again.
function listenForKey(button, command, note, draw) {
  let asked = null;
  const stop = () => {
    button.removeEventListener("keydown", hear);
    button.removeEventListener("blur", stop);
    draw();
  };
  const hear = (event) => {
    const key = pressedKey(event);
    if (!key) return;
    event.preventDefault();
    event.stopPropagation();
    const user = commandOfKey(key, command.place);
    if (key === "Escape") note.textContent = t("keys_text");
    else if (key === "Backspace") mapKeys(command.id, []);
    else if (user && user.id !== command.id && asked !== key) {
      asked = key;
      note.textContent = t("keys_taken", { key: keyText(key), name: t(user.text) });
      return;
    } else {
      mapKeys(command.id, [key]);
      note.textContent = t("keys_given", { key: keyText(key), name: t(command.text) });
    }
    stop();
  };
  button.classList.add("listening");
  button.replaceChildren(make("span", "", { text: t("keys_press") }));
  button.addEventListener("keydown", hear);
  button.addEventListener("blur", stop);
  button.focus();
}
