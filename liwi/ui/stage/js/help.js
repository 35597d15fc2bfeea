// The overlay with all keys.

const HELP = [
  ["Tools", [
    ["V", "Select; drag moves a layer aside"], ["B", "Draw a box"], ["K  D", "Mark what to keep, what to drop"], ["H  or hold Space", "Pan"],
    ["[  ]", "Smaller, larger brush"], ["Shift + drag", "Draw a box inside a box"],
  ]],
  ["Work", [
    ["Enter", "Cut out the boxes, or refine the layer"], ["Delete", "Delete the box or the layers"], ["Esc", "Stop drawing; select nothing"],
    ["Ctrl+Z", "Undo"], ["Ctrl+Shift+Z  Ctrl+Y", "Redo"],
  ]],
  ["View", [
    ["Wheel, pinch", "Zoom to the cursor"], ["+  −", "Zoom"], ["0  or F", "Fit"], ["1", "100 %"], ["2", "Zoom to the selection"],
    ["C", "Before and after"], ["hold \\", "See the source"], ["G", "Backdrop: checker, white, black, green"], ["Shift+F", "Full screen"],
  ]],
  ["Layers", [
    ["Click, Alt-click", "Pick the topmost, the one below"], ["Shift, Ctrl + click", "Select several"], ["E", "Show or hide"],
    ["S  or Alt-click an eye", "This layer alone, and back"], ["Drag over eyes", "Show or hide several"], ["L", "Lock"], ["T", "Shadow"],
    ["F2  or double-click", "Rename"], ["Alt+↑  Alt+↓", "Forward, backward"], ["P", "Put moved layers back"], ["Ctrl+A", "Select all"],
  ]],
  ["Without a mouse", [
    ["N", "New box, or a mark at the cross"], ["Arrows", "Nudge box, cross or layers (Shift: 10 px)"], ["Alt + arrows", "Resize the box"],
    ["Tab, ↑ ↓", "Reach the rows, walk through them"],
  ]],
];

function buildHelp() {
  const close = iconButton("close", "Close", "Esc", toggleHelp);
  const columns = HELP.map(([title, lines]) => make("section", "", {}, [
    make("h4", "", { text: title }),
    make("dl", "", {}, lines.map(([keys, words]) => make("div", "", {}, [make("dt", "", { text: keys }), make("dd", "", { text: words })]))),
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
