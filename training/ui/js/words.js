// Numbers and times as a person reads them.

function number(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return value.toPrecision(4).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
  return `${(seconds / 86400).toFixed(1)} days`;
}

function ago(seconds) {
  const past = Date.now() / 1000 - seconds;
  if (past < 5) return "now";
  return past < 7 * 86400 ? `${duration(past)} ago` : new Date(seconds * 1000).toLocaleDateString();
}

function megabytes(value) {
  return value >= 1024 ? `${(value / 1024).toFixed(1)} GB` : `${Math.round(value)} MB`;
}

const METRIC_PARTS = { iou: "IoU", rgb: "RGB", l1: "L1" };

// "alpha_iou" -> "alpha IoU"
function metricName(name) {
  return name.split("_").map((part) => METRIC_PARTS[part] ?? part).join(" ");
}
