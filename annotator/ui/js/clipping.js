// Which fragments clip the one that is selected, and which it clips: buttons that select them.

const MOST_CLIPS = 12; // of one line; the number of the others is told

function clippedBy(id) {
  return (model.byId.get(id)?.clipped_by ?? []).filter((other) => model.byId.has(other));
}

function clippedIn(id) {
  return model.meshes.filter((mesh) => mesh.clipped_by?.includes(id)).map((mesh) => mesh.id);
}

// Lines of the inspector; none for a fragment that neither is clipped nor clips.
function clippingLines(id) {
  const lines = [[model.byId.get(id).clip_inverted ? "clip.outside" : "clip.inside", clippedBy(id)], ["clip.clips", clippedIn(id)]];
  return lines.filter(([, ids]) => ids.length).map(([key, ids]) => make("div", "said-line clip-line", { "data-clip": key }, [
    make("span", "said-what", { text: t(key), title: t(`${key}_text`) }), make("span", "clip-names", {}, [
      ...ids.slice(0, MOST_CLIPS).map(clipButton), ...(ids.length > 1 ? [allButton(ids)] : []),
    ]),
  ]));
}

// Pointing at a button shows the outline of its fragment.
function clipButton(id) {
  const button = make("button", "button small", { type: "button", "data-fragment": id }, [swatch(classOf(id)), nameText(meshName(id))]);
  button.addEventListener("pointerenter", () => hover([id]));
  button.addEventListener("pointerleave", () => hover([]));
  button.addEventListener("click", () => goToFragments([id]));
  return button;
}

function allButton(ids) {
  return textButton("clip.all", () => goToFragments(ids), { className: "small", values: { n: ids.length } });
}

function goToFragments(ids) {
  hover([]);
  select(ids);
  reveal(ids.at(-1));
}
