// The header: pages, project, language, and as whom one works. The way out stands in the header of the app.

function startNavigation() {
  const tabs = make("nav", "navigation");
  word(tabs, "navigation", {}, "aria-label");
  const links = {
    models: () => showPage("models"), model: () => model.open && showModel(model.passId), progress: () => showPage("progress"), people: () => showPage("people"),
  };
  for (const [name, go] of Object.entries(links)) tabs.append(make("span", "", {}, [textButton(`page.${name}`, go, { className: "nav" })]));
  const projects = selectBox("project", [], (value) => chooseProject(value === "" ? null : Number(value)));
  projects.classList.add("project");
  const languages = selectBox("language", Object.entries(LANGUAGES), setLanguage);
  languages.classList.add("language");
  const person = make("span", "person");
  const right = make("div", "header-right", {}, [languages, person]);
  ui.header.append(tabs, projects, make("span", "space"));
  ui.headerRight = right;
  ui.header.append(right);

  const refresh = () => {
    [...tabs.children].forEach((span, index) => {
      const name = Object.keys(links)[index];
      const button = span.firstChild;
      const current = page.name === name || (name === "model" && page.name === "review");
      if (current) button.setAttribute("aria-current", "page");
      else button.removeAttribute("aria-current");
      span.hidden = (name === "model" && !model.open) || (name === "people" && !session.may.administer);
    });
    languages.value = language;
    ui.root.lang = language === "zh" ? "zh-Hans" : language; // which shapes the characters have
  };
  const refreshSession = () => {
    setOptions(projects, [["", t("all_projects")], ...session.projects.map(({ id, name }) => [id, name])]);
    projects.value = projectId ?? "";
    projects.hidden = session.projects.length === 0;
    showPerson(person);
    refresh();
  };
  on("page", refresh);
  on("model", refresh);
  on("session", ({ lost }) => (lost ? sayLoggedOut() : refreshSession()));
  on("language", refreshSession);
  on("project", refreshSession);
  refreshSession();
}

function showPerson(node) {
  node.replaceChildren();
  if (!session.user) return;
  node.append(nameText(session.user, "user"), make("span", "role", { text: t(`role.${session.role}`) }));
}

function sayLoggedOut() {
  const text = t("logged_out");
  if ([...ui.toasts.children].some((node) => node.dataset.text === text)) return;
  say(text, { kind: "bad", action: { text: t("login"), run: () => window.open("login", "_blank", "noopener") } });
}
