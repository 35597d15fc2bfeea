// How far two people agree who labelled the same models: Cohen's kappa in words, and which classes they confuse.

// Words for kappa after Landis and Koch (1977): a habit of the field, not a law.
const KAPPA_STEPS = [[0.81, "almost_perfect"], [0.61, "substantial"], [0.41, "moderate"], [0.21, "fair"], [0.01, "slight"], [-Infinity, "none"]];

function agreementSection(agreement, project) {
  const nodes = [];
  if (agreement.num_pairs === 0) nodes.push(make("p", "quiet", { text: t("agreement.none") }));
  else {
    const { kappa, observed } = agreement;
    const percent = `${Math.round(observed * 100)} %`;
    const figure = (value, key, title) => make("div", "figure", { title }, [make("b", "", { text: value }), make("span", "quiet", { text: t(key) })]);
    nodes.push(make("div", "figures", {}, [
      figure(kappa === null ? "–" : kappa.toLocaleString(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 }), "agreement.kappa", t("agreement.kappa_text")),
      figure(percent, "agreement.observed", ""), figure(formatNumber(agreement.num_pairs), "agreement.pairs", ""),
    ]));
    const step = kappa === null ? null : KAPPA_STEPS.find(([least]) => kappa >= least)[1];
    nodes.push(make("p", "", { text: step ? t(`kappa.${step}`) : t("kappa.undefined") }), make("p", "quiet", { text: t("agreement.kappa_text") }), confusionTable(agreement.confusion));
  }
  if (session.may.review) nodes.push(doublePassesForm(project));
  return section("agreement", nodes, "agreement");
}

// A table with numbers in every cell; colour only repeats them.
function confusionTable(confusion) {
  const order = (name) => { const at = CLASSES.indexOf(name); return at < 0 ? CLASSES.length : at; };
  const classes = [...new Set(confusion.flatMap(({ first, second }) => [first, second]))].sort((a, b) => order(a) - order(b));
  const count = new Map(confusion.map(({ first, second, num }) => [`${first}\n${second}`, num]));
  const most = Math.max(...confusion.map(({ num }) => num));
  const head = make("tr", "", {}, [make("td", ""), ...classes.map((name) => make("th", "", { scope: "col" }, [make("span", "", { text: className(name) })]))]);
  const rows = classes.map((first) => make("tr", "", {}, [
    make("th", "", { scope: "row", text: className(first) }),
    ...classes.map((second) => {
      const num = count.get(`${first}\n${second}`) ?? 0;
      const cell = make("td", num === 0 ? "" : first === second ? "same" : "other", { title: t("agreement.cell", { first: className(first), second: className(second), n: num }), text: num ? formatNumber(num) : "" });
      cell.style.setProperty("--heat", num ? `${20 + 65 * Math.sqrt(num / most)}%` : "0%");
      return cell;
    }),
  ]));
  const table = make("table", "confusion", {}, [
    make("caption", "", { text: t("agreement.table") }), make("thead", "", {}, [head]), make("tbody", "", {}, rows),
  ]);
  return make("div", "table-scroll", { tabindex: 0, role: "region", "aria-label": t("agreement.table") }, [table, commonConfusions(confusion)]);
}

// The pairs that are worth talking about, most frequent first.
function commonConfusions(confusion) {
  const pairs = new Map();
  for (const { first, second, num } of confusion) {
    if (first === second) continue;
    const key = [first, second].sort().join("\n");
    pairs.set(key, (pairs.get(key) ?? 0) + num);
  }
  const top = [...pairs].sort((a, b) => b[1] - a[1]).slice(0, 6);
  if (top.length === 0) return make("p", "quiet", { text: t("agreement.no_confusion") });
  return make("div", "confused", {}, [make("b", "", { text: t("agreement.most") }), make("ol", "", {}, top.map(([key, num]) => {
    const [one, other] = key.split("\n");
    return make("li", "", { text: t("agreement.pair", { one: className(one), other: className(other), n: num }) });
  }))]);
}

function doublePassesForm(project) {
  const percent = make("input", "field count", { type: "number", min: 1, max: 100, value: 10, step: 1 });
  word(percent, "agreement.share", {}, "aria-label");
  const ask = async () => {
    const answer = await trying(() => call("second_passes", { project_id: project.id, share: clamp(Number(percent.value) || 0, 0, 100) / 100 }));
    if (!answer) return;
    say(t("agreement.asked", { n: answer.num }), { kind: "good" });
    queue.loaded = false;
  };
  return make("div", "line double", {}, [
    word(make("span", ""), "agreement.double"), percent, make("span", "", { text: "%" }), textButton("agreement.ask", ask), word(make("p", "quiet"), "agreement.double_text"),
  ]);
}
