// Line charts as SVG: a few series over steps, with the values under the pointer. Drawn anew when data or size change, never while idle.

const COLOURS = ["#2f7cf6", "#e8590c", "#2fa66b", "#c2255c", "#7048e8", "#0c8599", "#e09300", "#868e96"];
const SVG = "http://www.w3.org/2000/svg";
const MOST_APART = 15; // times that one curve of a chart may be larger than another
const SMOOTH_FROM = 60; // points from which on a bold line shows the mean of what lies around

function shape(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

// Round numbers between two values, about `count` of them.
function ticks(low, high, count) {
  const rough = (high - low) / count;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * size).find((each) => each >= rough);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) found.push(Math.abs(value) < step * 1e-9 ? 0 : value);
  return found;
}

function smoothed(points) {
  const keep = Math.exp(-10 / points.length);
  let mean = points[0][1], weight = 1;
  return points.map(([x, y], index) => {
    if (index) {
      weight = 1 + keep * weight;
      mean += (y - mean) / Math.min(weight, 1 / (1 - keep));
    }
    return [x, mean];
  });
}

// Series in groups that can be read in one chart each: a PSNR would press an IoU flat. The order stays.
function ofOneSize(series) {
  const groups = []; // largest first
  const middle = (points) => points.map(([, value]) => Math.abs(value)).sort((one, other) => one - other)[Math.floor(points.length / 2)];
  const sized = series.filter((each) => each.points.length).map((each, place) => ({ each, place, size: middle(each.points) }));
  for (const one of sized.toSorted((a, b) => b.size - a.size)) {
    const group = groups.at(-1);
    if (group && (one.size === 0 || one.size * MOST_APART >= group[0].size)) group.push(one);
    else groups.push([one]);
  }
  const first = (group) => Math.min(...group.map(({ place }) => place));
  return groups.sort((a, b) => first(a) - first(b)).map((group) => group.sort((a, b) => a.place - b.place).map(({ each }) => each));
}

// series: [{name, points: [[step, value]], colour?}]. Returns {node, update(series)}; a chart has a width only once it is on the page.
function chart(title, series, { smooth = true } = {}) {
  const heading = make("h4", "", { text: title });
  const legend = make("span", "legend");
  const node = make("figure", "chart", { "aria-label": title }, [make("figcaption", "", {}, [heading, legend])]);
  const svg = shape("svg", { role: "img" });
  node.append(svg);
  let log = false, shown = series.filter((each) => each.points.length), scale = null;
  const canBeLog = () => shown.every((each) => each.points.every(([, value]) => value > 0));
  const logButton = make("button", "button small plain", { type: "button", text: "log", "aria-pressed": "false", title: "Logarithmic scale" });
  logButton.addEventListener("click", () => {
    log = !log;
    logButton.setAttribute("aria-pressed", String(log));
    draw();
  });
  node.firstChild.append(logButton);

  function bounds() {
    const values = shown.flatMap((each) => each.points.map((point) => point[1]));
    const steps = shown.flatMap((each) => each.points.map((point) => point[0]));
    const sorted = [...values].sort((one, other) => one - other);
    let low = sorted[0], high = sorted[sorted.length - 1];
    const usual = sorted[Math.floor(sorted.length * 0.98)];
    if (!log && sorted.length > 50 && high > low + 4 * (usual - low) && usual > low) high = usual * 1.15; // one spike hides no curve
    if (low === high) [low, high] = [low - Math.max(1e-6, Math.abs(low) * 0.1), high + Math.max(1e-6, Math.abs(high) * 0.1)];
    const pad = (high - low) * 0.05;
    let [left, right] = [Math.min(...steps), Math.max(...steps)];
    if (left === right) [left, right] = [left - 1, right + 1];
    return { left, right, low: log ? low : low - pad, high: high + pad };
  }

  function draw() {
    logButton.hidden = !canBeLog();
    if (logButton.hidden) log = false;
    const width = svg.clientWidth || 420, height = 190;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.replaceChildren();
    if (!shown.length) {
      svg.append(shape("text", { x: width / 2, y: height / 2, class: "none", "text-anchor": "middle" }, "nothing yet"));
      return;
    }
    const box = { left: 52, right: width - 8, top: 8, bottom: height - 22 }, range = bounds();
    const level = (value) => (log ? Math.log10(Math.max(value, 1e-300)) : value);
    const [low, high] = [level(range.low), level(range.high)];
    const x = (step) => box.left + ((step - range.left) / (range.right - range.left)) * (box.right - box.left);
    const y = (value) => box.bottom - ((level(value) - low) / (high - low || 1)) * (box.bottom - box.top);
    scale = { x, y, box, range };
    for (const tick of ticks(low, high, 4)) {
      const place = box.bottom - ((tick - low) / (high - low || 1)) * (box.bottom - box.top);
      svg.append(shape("line", { x1: box.left, x2: box.right, y1: place, y2: place, class: "grid" }));
      svg.append(shape("text", { x: box.left - 6, y: place + 4, "text-anchor": "end" }, number(log ? 10 ** tick : Number(tick.toPrecision(6)))));
    }
    for (const tick of ticks(range.left, range.right, clamp(Math.floor(width / 85), 2, 10))) {
      const anchor = x(tick) > width - 24 ? "end" : "middle"; // the last one stays inside
      if (Number.isInteger(tick)) svg.append(shape("text", { x: anchor === "end" ? width - 2 : x(tick), y: height - 6, "text-anchor": anchor }, number(tick)));
    }
    const clip = `clip-${Math.random().toString(36).slice(2)}`;
    const area = shape("clipPath", { id: clip });
    area.append(shape("rect", { x: box.left, y: box.top - 2, width: box.right - box.left + 4, height: box.bottom - box.top + 4 }));
    const lines = shape("g", { "clip-path": `url(#${clip})` });
    svg.append(area, lines);
    const path = (points) => points.map(([step, value], index) => `${index ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    shown.forEach((each) => {
      const many = smooth && each.points.length >= SMOOTH_FROM;
      if (many) lines.append(shape("path", { d: path(each.points), class: "line faint", stroke: each.colour }));
      lines.append(shape("path", { d: path(many ? smoothed(each.points) : each.points), class: "line", stroke: each.colour }));
      if (each.points.length <= 24) for (const [step, value] of each.points) lines.append(shape("circle", { cx: x(step), cy: y(value), r: 2.6, fill: each.colour }));
    });
  }

  function readOut(event) {
    svg.querySelectorAll(".pointer").forEach((each) => each.remove());
    if (!scale) return;
    const place = svg.getBoundingClientRect();
    const at = event && ((event.clientX - place.left) / place.width) * (svg.viewBox.baseVal.width || place.width);
    const step = event ? scale.range.left + ((at - scale.box.left) / (scale.box.right - scale.box.left)) * (scale.range.right - scale.range.left) : null;
    if (step !== null && at >= scale.box.left) svg.append(shape("line", { x1: at, x2: at, y1: scale.box.top, y2: scale.box.bottom, class: "pointer" }));
    legend.replaceChildren(...shown.map((each) => {
      const near = step === null ? each.points[each.points.length - 1] : each.points.reduce((best, point) => (Math.abs(point[0] - step) < Math.abs(best[0] - step) ? point : best));
      const entry = make("span", "legend-entry", { title: each.name }, [make("i"), make("span", "long", { text: each.name, dir: "auto" }), make("b", "", { text: number(near[1]) }), make("span", "quiet", { text: `@${near[0]}` })]);
      entry.firstChild.style.background = each.colour;
      return entry;
    }));
  }

  svg.addEventListener("pointermove", readOut);
  svg.addEventListener("pointerleave", () => readOut(null));
  const update = (fresh) => {
    svg.setAttribute("aria-label", `${title}: ${fresh.map((each) => each.name).join(", ")}`);
    shown = fresh.filter((each) => each.points.length).map((each, index) => ({ ...each, colour: each.colour ?? COLOURS[index % COLOURS.length] }));
    draw();
    readOut(null);
  };
  new ResizeObserver(() => draw()).observe(svg);
  update(series);
  return { node, update };
}
