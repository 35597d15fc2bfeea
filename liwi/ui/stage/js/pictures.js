// Pictures by URL: fetched once, decoded to bitmaps, kept over revisions, with half-size copies for drawing small.

const MAX_FETCHES = 8;
const MAX_IDLE_PIXELS = 48e6; // decoded pixels that no manifest needs now, kept for undo
const pictureCache = new Map(); // url -> picture; in order of last use
const fetchQueue = [];
const delivered = new Map(); // url -> Promise of a Blob, or of null: pictures that come in another way than one by one
let activeFetches = 0;

// The picture of a URL: {url, status: "loading" | "ready" | "failed", levels: [bitmap, half, quarter, ...], done: Promise}.
function pictureOf(url) {
  if (!url) return null;
  let picture = pictureCache.get(url);
  if (picture) pictureCache.delete(url);
  else {
    picture = { url, status: "loading", levels: [], alpha: null, contour: null, done: null };
    picture.done = load(picture);
  }
  pictureCache.set(url, picture);
  return picture;
}

function load(picture) {
  picture.status = "loading";
  return new Promise((resolve) => {
    fetchQueue.push({ picture, resolve });
    pumpFetches();
  });
}

function pumpFetches() {
  while (activeFetches < MAX_FETCHES && fetchQueue.length) {
    const { picture, resolve } = fetchQueue.shift();
    activeFetches += 1;
    decode(picture).finally(() => {
      activeFetches -= 1;
      resolve(picture);
      pumpFetches();
    });
  }
}

async function decode(picture) {
  try {
    const blob = (await delivered.get(picture.url)) ?? (await fetchPicture(picture.url));
    picture.levels = [await createImageBitmap(blob)];
    picture.status = "ready";
  } catch (error) {
    picture.status = "failed";
    picture.error = String(error?.message ?? error);
  }
}

async function fetchPicture(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.blob();
}

function retry(picture) {
  picture.done = load(picture);
  picture.done.then(() => picturesArrived());
  refreshPanel();
}

// The smallest copy that is still at least as large as it will be drawn (`shrink`: device pixels per bitmap pixel, at most 1).
function levelFor(picture, shrink) {
  const wanted = shrink >= 0.5 ? 0 : Math.floor(Math.log2(1 / Math.max(shrink, 1e-3)));
  while (picture.levels.length <= wanted) {
    const last = picture.levels.at(-1);
    if (last.width <= 1 && last.height <= 1) break;
    const half = document.createElement("canvas");
    half.width = Math.max(1, Math.ceil(last.width / 2));
    half.height = Math.max(1, Math.ceil(last.height / 2));
    const context = half.getContext("2d");
    context.imageSmoothingQuality = "low"; // exactly the mean of 2 x 2 pixels, premultiplied
    context.drawImage(last, 0, 0, half.width, half.height);
    picture.levels.push(half);
  }
  return picture.levels[Math.min(wanted, picture.levels.length - 1)];
}

// Forget pictures that the current manifest does not use, oldest first, beyond a bound on memory.
function trimPictures() {
  const used = new Set(picturesInUse().map((picture) => picture.url));
  let idle = 0;
  for (const picture of [...pictureCache.values()].reverse()) {
    if (used.has(picture.url)) continue;
    const bitmap = picture.levels[0];
    idle += bitmap ? bitmap.width * bitmap.height : 0;
    if (idle > MAX_IDLE_PIXELS || picture.status === "failed") {
      pictureCache.delete(picture.url);
      bitmap?.close?.();
    }
  }
}

function picturesInUse() {
  const pictures = [...state.layers.values()].map((layer) => layer.picture);
  return [...pictures, state.source, state.shadow?.multiply, state.shadow?.add].filter(Boolean);
}
