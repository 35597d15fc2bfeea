// The right button on fragments, in canvas and tree: what they show and what they are.

function openFragmentMenu(x, y) {
  const { ids } = selection;
  if (!ids.length) return;
  const shown = ids.some(isVisible);
  const entry = (id, disabled = false) => ({ text: t(commands.get(id).text), hint: keyHint(id), disabled, run: commands.get(id).run });
  openMenu(x, y, [
    entry("show.hide", !shown), entry("show.show", ids.every(isVisible)), entry("show.others"), entry("show.same"), entry("view.selection"), entry("choose.class"),
    null, ...["order.forward", "order.backward", "order.front", "order.back", "order.reset"].map((id) => entry(id, !mayEdit())),
    entry("tool.cut", !mayEdit() || ids.length !== 1), ...(pieceOf(primaryUnit()) ? [entry("cut.remove", !mayEdit())] : []), null, ...labelMenu(selectedUnits()),
  ]);
}
