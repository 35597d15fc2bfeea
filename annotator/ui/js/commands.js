// Everything a key can do, in one list: the help overlay, the re-mapping and the dispatcher read it.

const commands = new Map(); // id -> {id, text, keys, group, place, when, repeats, run}

// text: key of a text; keys: as "Ctrl+Shift+Z", "h", "ArrowRight"; group: key of a text, the heading in the list of keys;
// place: the page on which the keys count ("model", "models", "review"; "all": on every one); a key may mean something else elsewhere;
// when: whether it can be done now; repeats: whether holding the key does it again and again.
function addCommand({
  id, text, keys = [], group = "group.more", place = "model", when = () => true, repeats = keys.some((key) => /Arrow|Page|[+-]$|[ZY]$/.test(key)), run,
}) {
  commands.set(id, { id, text, keys: keys.map(normalKey), group, place, when, repeats, run });
}
