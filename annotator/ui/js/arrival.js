// The first moments of the page: who is here, which page the address names, which jobs still run.

async function arrive() {
  const asked = location.hash.startsWith("#labels");
  ui.root.setAttribute("aria-busy", "true");
  try {
    await loadSession();
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const again = sorryPage(error.message, () => { again.remove(); arrive(); });
    again.classList.add("arrival");
    ui.pages.append(again);
    return;
  } finally {
    ui.root.removeAttribute("aria-busy");
  }
  if (page.name === null) { // else somebody opened a model meanwhile
    if (asked) followAddress({ focus: false });
    else showPage("models", {}, { record: "replace", focus: false });
  }
  recallJobs();
}
