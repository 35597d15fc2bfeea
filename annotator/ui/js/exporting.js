// Handing labels over: in which format, of which models; then the file, what is in it and what was left out.

const EXPORT_FORMATS = ["dataset", "labels", "see-through", "coco", "csv"];

function openExport() {
  const known = session.projects;
  const project = projectBox();
  const format = recall("export-format", "labels");
  const formats = EXPORT_FORMATS.map((name) => make("label", "format", {}, [
    make("input", "", { type: "radio", name: "liwi-format", value: name, checked: name === format }),
    make("span", "", {}, [make("b", "", { text: t(`format.${name}`) }), make("span", "quiet", { text: t(`format.${name}_text`) })]),
  ]));
  const group = make("div", "formats", { role: "radiogroup" }, formats);
  word(group, "export.format", {}, "aria-label");
  const everything = make("input", "", { type: "checkbox" });
  const run = () => {
    const chosen = group.querySelector("input:checked")?.value ?? "labels";
    remember("export-format", chosen);
    return runExport(project.value, chosen, everything.checked);
  };
  openDialog({
    title: "export",
    body: known.length === 0 ? make("p", "", { text: t("queue.empty") }) : [
      make("label", "labelled", {}, [word(make("span", ""), "project"), project]), group,
      make("label", "tick-line", {}, [everything, word(make("span", ""), "export.everything")]),
    ],
    buttons: known.length ? [{ key: "cancel", run: () => true }, { key: "export", kind: "primary", run }] : [],
  });
}

async function runExport(project, format, everything) {
  const started = await trying(() => call("export_start", { project, format, everything }));
  if (!started) return false;
  const card = showJob(started.job, t("export.title", { project, format: t(`format.${format}`) }), finishExport);
  card.progress(t("import.starting"), 0, 1);
  return true;
}

function finishExport(card, { state, message, result, url }) {
  if (state === "failed" || !result) return card.finish("failed", message || t("export.failed"));
  const left = Object.entries(result.left_out ?? {}).filter(([, num]) => num > 0).map(([reason, num]) => t(`export.${reason}`, { n: num }));
  const nodes = [];
  if (url) nodes.push(make("a", "button primary", { href: url, download: "" }, [icon("download"), make("span", "", { text: t("download") })]));
  if (result.pieces_left_out) left.push(t("export.pieces", { n: formatNumber(result.pieces_left_out) }));
  if (left.length) nodes.push(make("p", "left-out", { text: t("export.left_out", { what: left.join(", ") }) }));
  nodes.push(make("p", "hash quiet", { text: t("export.hash", { hash: result.sha256 }), title: t("export.hash_text") }));
  return card.finish("done", t("export.done", { n: result.num_models, models: formatNumber(result.num_models), labels: formatNumber(result.num_labels) }), nodes);
}
