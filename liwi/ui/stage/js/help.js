// The overlay with all keys.

// Words in a key's text stand outside the key caps: those between { and }.
const HELP = [
  ["Tools", [
    ["V", "Select; drag moves a layer aside"], ["B", "Draw a box"], ["K", "Mark what to keep"], ["D", "Mark what to drop"],
    ["H {or hold} Space", "Pan"], ["[ ]", "Smaller, larger brush"], ["Shift {drag}", "Draw a box inside a box"],
  ]],
  ["Work", [
    ["Enter", "Cut out the boxes, or refine the layer"], ["Delete", "Delete the box or the layers"],
    ["Esc", "Stop drawing, select nothing"], ["Ctrl Z", "Undo"], ["Ctrl Shift Z", "Redo (also Ctrl Y)"], ["Ctrl V", "Open the copied picture"],
  ]],
  ["View", [
    ["{Wheel, pinch}", "Zoom to the cursor"], ["+ −", "Zoom"], ["0 {or} F", "Fit"], ["1", "100 %"], ["2", "Zoom to the selection"],
    ["C", "Before and after"], ["{hold} \\", "See the source"], ["G", "Checker, white, black, green"], ["Shift F", "Full screen"],
  ]],
  ["Without a mouse", [
    ["N", "New box, or a mark at the cross"], ["↑ ↓ ← →", "Nudge box, cross or layers"], ["Shift {and arrows}", "By ten pixels"],
    ["Alt {and arrows}", "Resize the box"], ["Tab ↑ ↓", "Walk through the rows"],
  ]],
  ["Layers", [
    ["{Click}", "Pick the topmost layer"], ["Alt {click}", "Pick the one below"], ["Shift {or} Ctrl {click}", "Select several"],
    ["E", "Show or hide"], ["{Drag over eyes}", "Show or hide several"], ["S {or} Alt {click an eye}", "This one alone, and back"],
    ["L", "Lock"], ["T", "Shadow"], ["F2 {or double-click}", "Rename"], ["Alt ↑ ↓", "Forward, backward"],
    ["P", "Put moved layers back"], ["X", "Spread a character's parts apart"], ["Z", "Show how near they are"], ["Ctrl A", "Select all"],
  ]],
];

function keyCaps(text) {
  return (text.match(/\{[^}]*\}|\S+/g) ?? []).map((part) => (
    part.startsWith("{") ? make("span", "", { text: part.slice(1, -1) }) : make("kbd", "", { text: part })
  ));
}

function buildHelp() {
  const close = iconButton("close", "Close", "Esc", toggleHelp);
  const columns = HELP.map(([title, lines]) => make("section", "", {}, [
    make("h4", "", { text: title }),
    make("dl", "", {}, lines.map(([keys, words]) => make("div", "", {}, [make("dt", "", {}, keyCaps(keys)), make("dd", "", { text: words })]))),
  ]));
  ui.help = make("div", "help", { role: "dialog", "aria-label": "All keys", "aria-modal": "false", hidden: true, tabindex: -1 }, [
    make("div", "help-card", {}, [make("header", "", {}, [make("h3", "", { text: "Keys" }), close]), make("div", "help-columns", {}, columns)]),
  ]);
  ui.help.addEventListener("click", (event) => { if (event.target === ui.help) toggleHelp(); });
  return ui.help;
}

function helpIsOpen() {
  return !ui.help.hidden;
}

function toggleHelp() {
  ui.help.hidden = !ui.help.hidden;
  if (helpIsOpen()) ui.help.focus();
  else ui.viewport.focus();
}
