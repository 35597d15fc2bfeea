// All pictures of a model in one answer: asking for 300 small files one by one takes longer than everything else together.
// The package: 4 bytes, little-endian: length of a JSON list of [hash, length in bytes]; the list; the files one after the other.

const packagesHad = new Map(); // pass -> addresses of its pictures, of which all may still be in the browser's memory

function askForPackage(passId) {
  const known = packagesHad.get(passId)?.every((url) => pictureCache.get(url)?.status === "ready");
  scene.arriving = known ? null : readPackage(passId);
}

async function readPackage(passId) {
  try {
    const response = await fetch(`workbench/passes/${Number(passId)}/pictures`);
    if (!response.ok) return null;
    const bytes = await response.arrayBuffer();
    const start = 4 + new DataView(bytes).getUint32(0, true);
    const files = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, start - 4)));
    const found = new Map();
    let at = start;
    for (const [sha256, length] of files) {
      found.set(`workbench/pictures/${sha256}.webp`, new Blob([new Uint8Array(bytes, at, length)], { type: "image/webp" }));
      at += length;
    }
    packagesHad.set(passId, [...found.keys()]);
    return found;
  } catch {
    return null; // then each is asked for on its own
  }
}

// Let the pictures of the open model come out of the package on its way; without one they come one by one.
function deliverFromPackage() {
  const { arriving } = scene;
  delivered.clear();
  if (!arriving) return;
  for (const { url } of model.meshes) {
    if (url && !delivered.has(url)) delivered.set(url, arriving.then((found) => found?.get(url) ?? null));
  }
  scene.arriving = null;
}
