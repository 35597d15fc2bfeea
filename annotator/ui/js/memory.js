// What this browser remembers for this person. Storage may be full or forbidden: then it is forgotten with the page.
const forgotten = new Map();

function remember(name, value) {
  try {
    localStorage.setItem(`liwi.${name}`, JSON.stringify(value));
  } catch {
    forgotten.set(name, value);
  }
}

function recall(name, otherwise = null) {
  if (forgotten.has(name)) return forgotten.get(name);
  try {
    return JSON.parse(localStorage.getItem(`liwi.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}
