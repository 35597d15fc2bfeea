// Who said what about the selected fragment, newest first. Read only when it is unfolded.

function buildHistory() {
  const list = make("ol", "history-list");
  const node = make("details", "fragment-history", {}, [word(make("summary"), "history"), list]);
  let asked = "";
  let timer = 0;
  const read = async () => {
    const id = selection.ids.at(-1);
    const want = `${model.passId} ${id} ${labelOf(id).version}`;
    if (!node.open || id === undefined || !model.open || want === asked) return;
    asked = want;
    await settled();
    const answer = await trying(() => call("history", { pass_id: model.passId, art_mesh_id: id }));
    if (!answer || asked !== want) return;
    list.replaceChildren(...answer.labels.toSorted((a, b) => b.version - a.version).map(historyRow));
    if (!answer.labels.length) list.append(make("li", "quiet", { text: t("history_empty") }));
  };
  const draw = () => {
    node.hidden = selection.ids.length !== 1;
    clearTimeout(timer);
    timer = setTimeout(read, 200);
  };
  node.addEventListener("toggle", () => { asked = ""; read(); });
  return { node, draw };
}

function historyRow(label) {
  const when = make("time", "quiet", { text: formatAgo(label.at), title: new Date(label.at).toLocaleString(language) });
  return make("li", "", {}, [labelChip(label), make("span", "history-who", {}, [nameText(label.user), make("span", "quiet", { text: actWord(label.act) }), when])]);
}

function actWord(act) {
  return ["undo", "redo", "import"].includes(act) ? t(`act.${act}`) : "";
}
