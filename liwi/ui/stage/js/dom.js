// Small builders for DOM nodes and icons. Text always goes through textContent: names in a manifest are hostile.

function make(tag, className, attributes = {}, children = []) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

// Icons are drawn on a 24 x 24 grid with strokes of the text colour. A path that starts with "F" is filled.
const ICON_PATHS = {
  move: ["M5 3l14 8-6 1.5L10 19z"],
  box: ["M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4", "M9 9h6v6H9z"],
  keep: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 8v8M8 12h8"],
  drop: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M8 12h8"],
  hand: ["M8 12V6a1.5 1.5 0 0 1 3 0v5M11 10V4.5a1.5 1.5 0 0 1 3 0V11M14 11V6a1.5 1.5 0 0 1 3 0v8c0 4-2 7-6 7-3 0-4.500-2-6-5l-1.500-3a1.500 1.500 0 0 1 2.600-1.400L8 14"],
  undo: ["M9 7L4 12l5 5", "M4 12h10a6 6 0 0 1 6 6"],
  redo: ["M15 7l5 5-5 5", "M20 12H10a6 6 0 0 0-6 6"],
  compare: ["M12 3v18", "M3 6h6v12H3zM15 6h6v12h-6z"],
  backdrop: ["M4 4h16v16H4z", "FM4 4h8v8H4zM12 12h8v8h-8z"],
  putBack: ["M4 10V4M4 10h6", "M4.500 10a8 8 0 1 1-.5 4"],
  spread: ["M12 3l7 3.500-7 3.500-7-3.500z", "M5 11.500l7 3.500 7-3.500", "M5 17l7 3.500 7-3.500"],
  depth: ["M4 20L20 4", "FM4 4h7l-7 7z", "M20 12v8h-8", "M20 16v4h-4"],
  fit: ["M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"],
  plus: ["M12 5v14M5 12h14"],
  minus: ["M5 12h14"],
  help: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M9.500 9.500a2.500 2.500 0 1 1 3.600 2.200c-.8.4-1.100 1-1.100 1.800v.5", "M12 16.800v.2"],
  eye: ["M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12z", "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"],
  eyeOff: ["M3 3l18 18", "M10 5.200A9.500 9.500 0 0 1 12 5c6 0 10 7 10 7a17 17 0 0 1-3 3.700M6.500 6.800A16 16 0 0 0 2 12s4 7 10 7a9.700 9.700 0 0 0 4.500-1.100"],
  lock: ["M6 11h12v9H6z", "M8.500 11V8a3.500 3.500 0 0 1 7 0v3"],
  unlock: ["M6 11h12v9H6z", "M8.500 11V7a3.500 3.500 0 0 1 6.800-1.200"],
  trash: ["M4 7h16M9 7V4h6v3M6.500 7l1 13h9l1-13", "M10 11v5M14 11v5"],
  wand: ["M4 20L15 9", "M17 3v4M15 5h4M20 10v3M18.500 11.500h3M11 3v3M9.500 4.500h3"],
  shadow: ["M12 4a6 6 0 1 0 0 12 6 6 0 0 0 0-12z", "M5 20h14"],
  warning: ["M12 4L2.500 20h19z", "M12 10v5M12 17.500v.2"],
  retry: ["M20 5v6h-6", "M19.500 11a8 8 0 1 0 .3 4"],
  close: ["M6 6l12 12M18 6L6 18"],
  brush: ["M4 20c3 0 5-1 5-3.500a2.500 2.500 0 0 0-5 0", "M8.500 14.500L18 5a1.800 1.800 0 0 1 2.500 2.500L11 17", "M17 15v6M14 18h6"],
  up: ["M12 19V5M6 11l6-6 6 6"],
  down: ["M12 5v14M6 13l6 6 6-6"],
  toTop: ["M12 20V9M6 14l6-6 6 6", "M5 4h14"],
  toBottom: ["M12 4v11M6 10l6 6 6-6", "M5 20h14"],
  full: ["M14 4h6v6M20 4l-7 7M10 20H4v-6M4 20l7-7"],
  grip: ["FM9 6h2v2H9zM13 6h2v2h-2zM9 11h2v2H9zM13 11h2v2h-2zM9 16h2v2H9zM13 16h2v2h-2z"],
};

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  for (const path of ICON_PATHS[name]) {
    const shape = document.createElementNS(space, "path");
    const filled = path.startsWith("F");
    shape.setAttribute("d", filled ? path.slice(1) : path);
    if (filled) shape.setAttribute("class", "filled");
    svg.append(shape);
  }
  return svg;
}

// A button with an icon; `label` is its name for screen readers, and its tooltip together with the key.
function iconButton(name, label, key, onClick, className = "") {
  const node = make("button", `icon-button ${className}`, { type: "button" }, [icon(name)]);
  nameButton(node, label, key);
  node.addEventListener("click", onClick);
  return node;
}

function nameButton(node, label, key) {
  node.setAttribute("aria-label", label);
  node.title = key ? `${label}  (${key})` : label;
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
