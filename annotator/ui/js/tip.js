// The words beside the pointer: name, class, and where the class comes from. Also the note that the selected fragment is hidden.

const TIP_DISTANCE = 16; // CSS pixels from the pointer

function buildTip() {
  ui.tipName = make("strong", "tip-name");
  ui.tipSwatch = make("span", "");
  ui.tipClass = make("span", "tip-class");
  ui.tipSource = make("span", "tip-source");
  ui.tipMore = make("span", "tip-more");
  ui.tip = make("div", "tip", { role: "tooltip", hidden: true }, [
    ui.tipName, make("span", "tip-line", {}, [ui.tipSwatch, ui.tipClass]), ui.tipSource, ui.tipMore,
  ]);
  return ui.tip;
}

function showTip(ids) {
  ui.tip.hidden = !ids.length;
  if (!ids.length) return;
  const [id] = ids;
  ui.tipName.textContent = unitName(id);
  paintSwatch(ui.tipSwatch, classOf(id));
  ui.tipClass.textContent = className(classOf(id));
  ui.tipSource.textContent = sourceOf(id);
  ui.tipMore.textContent = ids.length > 1 ? t("tip.more", { n: ids.length - 1 }) : "";
  const { offsetWidth, offsetHeight } = ui.tip;
  const x = pointer.x + TIP_DISTANCE + offsetWidth > view.width ? pointer.x - TIP_DISTANCE - offsetWidth : pointer.x + TIP_DISTANCE;
  const y = pointer.y + TIP_DISTANCE + offsetHeight > view.height ? pointer.y - TIP_DISTANCE - offsetHeight : pointer.y + TIP_DISTANCE;
  ui.tip.style.transform = `translate(${Math.max(4, x)}px, ${Math.max(4, y)}px)`;
}

// Who says so: a person, or which machine and how surely.
function sourceOf(id) {
  const { kind, unsure } = labelOf(id);
  if (isLabelled(id)) return t(unsure ? "source.person_unsure" : "source.person");
  if (kind === "skipped") return t("source.skipped");
  const guess = guessOf(id);
  return guess ? t("source.machine", { source: guess.source, percent: Math.round(100 * guess.score) }) : t("source.nobody");
}

function buildHiddenNote() {
  const show = ui.hiddenShow = make("button", "link", { type: "button" });
  word(show, "hidden.show");
  show.addEventListener("click", () => reveal(primary()));
  ui.hiddenWords = make("span", "");
  ui.hiddenNote = make("div", "hidden-note", { role: "status", hidden: true }, [icon("eyeOff"), icon("cut"), ui.hiddenWords, show]);
  return ui.hiddenNote;
}

// A selected fragment that cannot be seen is no surprise if it says so. While something is cut, the note says how that goes.
function refreshHiddenNote() {
  ui.hiddenShow.hidden = isCutting();
  ui.hiddenNote.classList.toggle("cutting", isCutting());
  if (isCutting()) {
    ui.hiddenNote.hidden = false;
    ui.hiddenWords.textContent = t("cut.how", { close: keyHint("cut.close"), back: keyHint("cut.back"), cancel: keyHint("cut.cancel") });
    return;
  }
  const hidden = selection.ids.filter((id) => !isVisible(id));
  ui.hiddenNote.hidden = hidden.length === 0 || !model.open;
  if (hidden.length) ui.hiddenWords.textContent = t(xray.on ? "hidden.xray" : "hidden.selected", { n: hidden.length });
}
