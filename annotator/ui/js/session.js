// Who is at the page, what they may do, and the projects. Roles are checked again by Python at every act; here they only hide what would fail.

const session = { user: null, role: "viewer", may: { annotate: false, review: false, administer: false }, login: false, projects: [], maxUploadMb: 0 };
let projectId = recall("project");

async function loadSession() {
  const answer = await call("session");
  const { user, role, may, login, projects, max_upload_mb: maxUploadMb } = answer;
  Object.assign(session, { user, role, may, login, projects, maxUploadMb });
  if (!session.projects.some((project) => project.id === projectId)) projectId = null;
  emit("session", { lost: false });
}

// The project that queue and progress show; null: all of them.
function chosenProject() {
  return session.projects.find((project) => project.id === projectId) ?? null;
}

function chooseProject(id) {
  projectId = id;
  remember("project", id);
  emit("project");
}
