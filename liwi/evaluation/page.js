"use strict";
// Reorders the cases by one figure. "worst" says where the bad end is; cases without the figure come last.
const order = document.getElementById("order");
const cases = document.getElementById("cases");

function badness(article, key, worst) {
  const value = Number.parseFloat(article.getAttribute("data-" + key.replaceAll("_", "-")));
  if (Number.isNaN(value)) return Number.NEGATIVE_INFINITY;
  if (worst === "low") return -value;
  return worst === "far" ? Math.abs(value - 1) : value;
}

order.addEventListener("change", () => {
  const key = order.value;
  const worst = order.selectedOptions[0].dataset.worst;
  const articles = [...cases.children];
  articles.sort((a, b) => (key ? badness(b, key, worst) - badness(a, key, worst) : a.dataset.number - b.dataset.number));
  cases.append(...articles);
});
