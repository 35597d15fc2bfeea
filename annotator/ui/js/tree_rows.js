// What the tree holds: groups by class or by the artist's parts, and the fragments in them, as a flat list of rows.

const tree = {
  by: recall("tree.by", "class"),  // "class" or "part"
  groups: [],                      // roots: {key, name, part: class or undefined, ids: all below, children: groups, members: own fragments}
  closed: new Set(recall("tree.closed", [])), // keys of closed groups
  rows: [],                        // {key, level, group | id, size, place}: what can be scrolled to
  active: null,                    // key of the row with the keyboard's focus
};

function refreshGroups() {
  tree.groups = tree.by === "class" ? groupsByClass() : groupsByPart();
}

// Every class has its row, also an empty one: it is where fragments are dropped.
function groupsByClass() {
  const members = new Map([...CLASSES, null].map((name) => [name, []]));
  for (const mesh of [...model.meshes].reverse()) {
    for (const unit of unitsOf(mesh.id)) (members.get(classOf(unit)) ?? members.get(null)).push(unit);
  }
  return [...members].map(([name, ids]) => ({ key: `class ${name ?? ""}`, part: name, ids, members: ids, children: [] }));
}

function groupsByPart() {
  const groups = model.parts.map((part) => ({ key: `part ${part.place}`, name: part.name || part.id, ids: [], members: [], children: [] }));
  const loose = { key: "part", name: null, ids: [], members: [], children: [] };
  for (const mesh of [...model.meshes].sort((a, b) => a.place - b.place)) (groups[mesh.part] ?? loose).members.push(mesh.id);
  const roots = groups.filter((group, place) => {
    const parent = isUnderItself(place) ? undefined : groups[model.parts[place].parent];
    parent?.children.push(group);
    return !parent;
  });
  const gather = (group) => (group.ids = [...group.members, ...group.children.flatMap(gather)]);
  roots.forEach(gather);
  loose.ids = loose.members;
  return [...roots, ...(loose.ids.length ? [loose] : [])].filter((group) => group.ids.length);
}

// A damaged file may name a part as its own ancestor; such parts stand at the top.
function isUnderItself(place) {
  const seen = new Set();
  for (let at = place; at !== null && at !== undefined; at = model.parts[at]?.parent ?? null) {
    if (seen.has(at)) return true;
    seen.add(at);
  }
  return false;
}

// The rows that are open now, or, while something is searched, all groups with hits.
function refreshRows() {
  const rows = [];
  const wanted = (ids) => (search.hits ? ids.filter((id) => search.hits.has(fragmentOf(id))) : ids);
  const add = (group, level, size, place) => {
    const open = isOpen(group);
    rows.push({ key: group.key, level, group, open, size, place });
    if (!open) return;
    const children = group.children.filter((child) => wanted(child.ids).length);
    const members = wanted(group.members);
    const total = children.length + members.length;
    children.forEach((child, index) => add(child, level + 1, total, index + 1));
    members.forEach((id, index) => rows.push({ key: `mesh ${id}`, level: level + 1, id, size: total, place: children.length + index + 1 }));
  };
  const groups = tree.groups.filter((group) => wanted(group.ids).length || (!search.hits && tree.by === "class" && group.part !== null));
  groups.forEach((group, index) => add(group, 1, groups.length, index + 1));
  tree.rows = rows;
}

function isOpen(group) {
  return group.ids.length > 0 && (Boolean(search.hits) || !tree.closed.has(group.key));
}

function setOpen(group, open) {
  if (open) tree.closed.delete(group.key);
  else tree.closed.add(group.key);
  remember("tree.closed", [...tree.closed].slice(-500));
  refreshTree();
}

function setAllOpen(open) {
  const visit = (group) => {
    if (open) tree.closed.delete(group.key);
    else tree.closed.add(group.key);
    group.children.forEach(visit);
  };
  tree.groups.forEach(visit);
  remember("tree.closed", [...tree.closed].slice(-500));
  refreshTree();
}

function setGrouping(by) {
  tree.by = by === "part" ? "part" : "class";
  remember("tree.by", tree.by);
  tree.active = null;
  refreshGroups();
  refreshTree();
  if (primary() !== null) scrollToRow(primary());
}

// All fragments in the order of the tree, closed groups too.
function treeOrder() {
  const gather = (group) => [...group.children.flatMap(gather), ...group.members];
  return tree.groups.flatMap(gather);
}

// The row of a fragment: by class that of its selected piece, or of what is left of it.
function rowOf(id) {
  if (id === null || tree.by !== "class" || !piecesOf(id).length) return id;
  return `${id}/${selection.pieces.get(id)?.at(-1) ?? 0}`;
}

// The groups above a row of a fragment, outermost first.
function groupsAbove(id) {
  const path = [];
  const visit = (groups) => {
    const group = groups.find((one) => one.ids.includes(id));
    if (!group) return;
    path.push(group);
    visit(group.children);
  };
  visit(tree.groups);
  return path;
}

function groupName(group) {
  return tree.by === "class" ? className(group.part) : group.name ?? t("tree.no_part");
}
