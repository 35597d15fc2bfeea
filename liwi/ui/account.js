// Who is logged in, and the way out; part of the page only where there are accounts.
const account = element.querySelector(".liwi-account");
const LOG_OUT = { zh: "退出登录", ja: "ログアウト" };
const [name, button] = [account.querySelector("span"), account.querySelector("button")];
button.textContent = LOG_OUT[navigator.language.slice(0, 2)] || "Log out";
button.addEventListener("click", async () => {
  await fetch("logout", { method: "POST", redirect: "manual" });
  location.assign("login");
});
fetch("account").then((answer) => answer.json()).then((found) => {
  name.textContent = found.name || "";
  account.hidden = !found.login;
}).catch(() => {});  // without the server there is nobody to name
