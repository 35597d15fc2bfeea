// Who changes something says so here; whoever shows it listens. No part calls another to refresh it.

const listeners = new Map(); // name -> functions

function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, []);
  listeners.get(name).push(listener);
}

function emit(name, data = {}) {
  for (const listener of listeners.get(name) ?? []) listener(data);
}
