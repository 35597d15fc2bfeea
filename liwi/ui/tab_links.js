// Runs when the page has loaded, outside of the tab's own component, which may not be there yet: opens the tab that an address names.
// `TITLE` is what stands on the tab, `MARK` the beginning of its addresses.

let last = MARK; // where the person was, for when they come back to the tab
const tabs = () => [...document.querySelectorAll('button[role="tab"]')];
const own = () => tabs().find((tab) => tab.textContent.trim() === TITLE);

function openNamed(tries = 50) {
  if (!location.hash.startsWith(MARK)) return;
  const tab = own();
  if (!tab && tries > 0) setTimeout(() => openNamed(tries - 1), 100);
  else if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
}

// Another tab has no address of ours; coming back restores it.
function follow(event) {
  const tab = event.target.closest?.('button[role="tab"]');
  if (!tab || !tabs().includes(tab)) return;
  const there = location.hash.startsWith(MARK);
  if (tab === own() && !there && last !== MARK) history.replaceState(history.state, "", last);
  if (tab !== own() && there) {
    last = location.hash;
    history.replaceState(history.state, "", location.pathname + location.search);
  }
}

window.liwiLinks ??= {};
if (!window.liwiLinks[MARK]) {
  window.liwiLinks[MARK] = true;
  document.addEventListener("click", follow, true);
  window.addEventListener("hashchange", () => openNamed());
  window.addEventListener("popstate", () => openNamed());
}
openNamed();
