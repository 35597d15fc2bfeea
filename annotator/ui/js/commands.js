// Everything a key can do, in one list: the help overlay, the re-mapping and the dispatcher read it.

const commands = new Map(); // id -> {id, text, keys, when, run}

// text: key of a text; keys: as "Ctrl+Shift+Z", "h", "ArrowRight"; when: whether it can be done now.
function addCommand({ id, text, keys = [], when = () => true, run }) {
  commands.set(id, { id, text, keys, when, run });
}
