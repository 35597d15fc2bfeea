// Accept the guesses of many fragments at once, from a score on; how many that are is said before.

function acceptMany() {
  if (!mayEdit()) return sayWhyNot();
  const several = selection.ids.length > 1;
  const scopes = { selected: () => selection.ids.filter((id) => !isLabelled(id)), unlabelled: () => model.meshes.map((mesh) => mesh.id).filter((id) => !isLabelled(id)) };
  const scope = selectBox("scope", [...(several ? ["selected"] : []), "unlabelled"].map((name) => [name, t(`scope.${name}`)]), () => draw());
  const least = make("input", "", { type: "range", min: 0, max: 100, step: 1, value: recall("accept.least", 80), "aria-label": t("least_score") });
  const value = make("output", "number");
  const found = make("p", "accept-count", { role: "status" });
  const list = make("div", "accept-classes");
  const chosen = () => acceptable(scopes[scope.value](), Number(least.value) / 100);
  const draw = () => {
    const ids = chosen();
    value.textContent = `${least.value} %`;
    found.textContent = t("accept_count", { n: ids.length, all: formatNumber(scopes[scope.value]().length) });
    list.replaceChildren(...classTally(ids.map(guessedClass)));
  };
  least.addEventListener("input", draw);
  openDialog({
    title: "cmd.accept_many",
    body: [make("label", "labelled", {}, [word(make("span"), "scope"), scope]), make("label", "labelled", {}, [word(make("span"), "least_score"), make("span", "line", {}, [least, value])]), found, list],
    buttons: [{ key: "cancel", run: () => true }, {
      key: "accept", kind: "primary",
      run: () => {
        remember("accept.least", Number(least.value));
        const num = acceptGuesses(chosen(), 0);
        say(t("accepted", { n: num }), { kind: "good", action: num ? { text: t("undo"), run: undo } : null });
      },
    }],
  });
  draw();
  return undefined;
}

// How often each class occurs, in the order of the classes.
function classTally(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return CLASSES.filter((name) => counts.has(name)).map((name) => {
    const chip = classChip(name);
    chip.append(make("span", "number quiet", { text: formatNumber(counts.get(name)) }));
    return chip;
  });
}
