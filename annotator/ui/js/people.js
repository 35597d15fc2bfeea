// Who may do what, for admins. Roles take effect at a person's next act.

const ROLES = ["viewer", "annotator", "reviewer", "admin"];

async function loadPeople() {
  const { content } = ui.people;
  if (!session.may.administer) return content.replaceChildren(sorryPage(t("people.only_admins"), loadPeople));
  try {
    const { people } = await call("people");
    content.replaceChildren(make("h2", "page-title", { text: t("page.people") }), peopleTable(people), addPersonForm(people), rolesNote());
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    content.replaceChildren(sorryPage(error.message, loadPeople));
  }
  return undefined;
}

function peopleTable(people) {
  const rows = people.map(({ name, role }) => {
    const choice = make("select", "select", { "aria-label": t("people.role_of", { name }) }, ROLES.map((one) => make("option", "", { value: one, text: t(`role.${one}`), selected: one === role })));
    choice.addEventListener("change", async () => {
      const wanted = choice.value;
      choice.value = role; // until Python has agreed
      if (await confirmed("people.change", name === session.user ? "people.sure_self" : "people.sure", "people.change_it", { name, role: t(`role.${wanted}`) })) await setRole(name, wanted);
    });
    return make("tr", "", {}, [make("th", "", { scope: "row" }, [nameText(name), ...(name === session.user ? [make("span", "mark", { text: t("you") })] : [])]), make("td", "", {}, [choice])]);
  });
  const head = make("tr", "", {}, ["progress.person", "people.role"].map((key) => make("th", "", { scope: "col", text: t(key) })));
  return make("section", "block", {}, [make("table", "table roles-table", {}, [make("thead", "", {}, [head]), make("tbody", "", {}, rows)])]);
}

function addPersonForm(people) {
  const name = make("input", "field", { maxlength: 200, required: true, autocomplete: "off" });
  const role = make("select", "select", {}, ROLES.map((one) => make("option", "", { value: one, text: t(`role.${one}`), selected: one === "annotator" })));
  const form = make("form", "line", {}, [
    make("label", "", {}, [word(make("span", ""), "people.name"), name]), make("label", "", {}, [word(make("span", ""), "people.role"), role]),
    word(make("button", "button primary", { type: "submit" }), "people.add"),
  ]);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = name.value.trim();
    if (people.some((person) => person.name === wanted)) return void say(t("people.there", { name: wanted }), { kind: "bad" });
    await setRole(wanted, role.value);
  });
  return section("people.add_title", [form, make("p", "quiet", { text: t(session.login ? "people.add_text" : "people.add_local") })]);
}

function rolesNote() {
  return section("people.roles", [make("dl", "roles", {}, ROLES.flatMap((role) => [make("dt", "", { text: t(`role.${role}`) }), make("dd", "quiet", { text: t(`role.${role}_text`) })]))]);
}

async function setRole(name, role) {
  if (!(await trying(() => call("set_role", { name, role })))) return;
  say(t("people.changed", { name, role: t(`role.${role}`) }), { kind: "good" });
  await trying(loadSession);
  await loadPeople();
}

function startPeople() {
  ui.people = { content: make("div", "page-content") };
  const node = make("div", "page reading-page", { "data-page": "people", tabindex: -1 }, [ui.people.content]);
  word(node, "page.people", {}, "aria-label");
  addPage({ name: "people", node, show: loadPeople });
  on("language", () => page.name === "people" && loadPeople());
}
