// The colour of every class, the same in tree, inspector and overlay. Twelve colours that people with any kind of colour vision tell
// apart (found by search: at least 11 units of 100 x OKLab between any two, as seen with normal, protan, deutan and tritan vision); eleven
// classes share one with a class elsewhere on the body, and are striped.

const COLOURS = {
  "front hair": "#2d87d2", "back hair": "#2d1eb4", "headwear": "#f0e11e", "face": "#ff963c", "irides": "#7800ff", "eyebrow": "#691e69",
  "eyewhite": "#5affc3", "eyelash": "#960000", "eyewear": "#875a78", "ears": "#c36900", "earwear": "#69c3a5", "nose": "#2d1eb4",
  "mouth": "#f0e11e", "neck": "#875a78", "neckwear": "#960000", "topwear": "#c36900", "handwear": "#69c3a5", "bottomwear": "#ff963c",
  "legwear": "#c3a5ff", "footwear": "#2d87d2", "tail": "#7800ff", "wings": "#691e69", "objects": "#5affc3", "nothing": "#8b9099",
};
const STRIPED = new Set(["headwear", "eyewear", "ears", "earwear", "nose", "neckwear", "bottomwear", "footwear", "tail", "wings", "objects"]);
const NO_CLASS_COLOUR = "#c9ccd1";

function colourOf(name) {
  return COLOURS[name] ?? NO_CLASS_COLOUR;
}

// Stripes that show on a colour: bright on dark ones, dark on bright ones.
function stripeOf(name) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colourOf(name).slice(at, at + 2), 16));
  return 0.3 * red + 0.59 * green + 0.11 * blue < 140 ? "rgba(255, 255, 255, .75)" : "rgba(0, 0, 0, .6)";
}

// Give a node the colour of a class, striped where the class is; null: dashed and empty.
function paintSwatch(node, name) {
  node.classList.add("swatch");
  node.classList.toggle("classless", !name);
  const stripe = stripeOf(name);
  node.style.background = !name ? "" : STRIPED.has(name)
    ? `repeating-linear-gradient(45deg, ${colourOf(name)} 0 3px, ${stripe} 3px 5px) ${colourOf(name)}` : colourOf(name);
  return node;
}

// A class with its colour, in other words than its name where those are given.
function classChip(name, text = className(name)) {
  return make("span", "label-chip", {}, [swatch(name), make("span", "", { text })]);
}

function swatch(name) {
  return paintSwatch(make("span", "", { "aria-hidden": "true" }), name);
}
