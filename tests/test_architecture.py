"""The rules of the house, read off the code: who may import what, and what no module may be called."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("liwi", "data_tools", "annotator", "training")
MAY_IMPORT = {
    "liwi": {"liwi"},
    "data_tools": {"liwi", "data_tools"},
    "annotator": {"liwi", "data_tools", "annotator"},
    "training": {"liwi", "data_tools", "training"},
}
TORCH_FREE = (
    *("liwi/types.py", "liwi/imaging/", "liwi/export/", "liwi/limits.py", "liwi/registry", "liwi/settings.py", "data_tools/", "annotator/"),
    *("training/__main__.py", "training/errors.py", "training/job.py", "training/order.py", "training/run_folder.py"),
    *("training/admin_tab.py", "training/curves.py", "training/datasets.py", "training/devices.py", "training/job_form.py"),
    *("training/launch.py", "training/log_tail.py", "training/run_here.py", "training/run_on_hub.py", "training/run_state.py"),
    "training/ui/",
)
TOP_LEVEL_FILES = {"app.py", "requirements.txt", "README.md", "pyproject.toml", "packages.txt", "pre-requirements.txt", "LICENSE"}
TOP_LEVEL_FOLDERS = {"liwi", "annotator", "training", "data_tools", "tests"}


def python_files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imported_names(path: Path, *, top_level_only: bool = False) -> set[str]:
    """Dotted names that a file imports; with ``top_level_only`` those that run when the module is imported."""
    tree = ast.parse(path.read_text())
    names = set()
    pending = list(tree.body) if top_level_only else list(ast.walk(tree))
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; imports are written in full"
            names.add(node.module or "")
        elif top_level_only and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            pending += node.orelse
        elif top_level_only and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            pending += list(ast.iter_child_nodes(node))
    return names


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", python_files(), ids=relative)
def test_imports_point_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    imported = {name.partition(".")[0] for name in imported_names(path)} & {*PACKAGES, "app", "tests"}
    assert imported <= MAY_IMPORT[package], f"{relative(path)} imports {imported - MAY_IMPORT[package]}"


@pytest.mark.parametrize("path", python_files(), ids=relative)
def test_each_outside_library_stays_in_its_place(path: Path) -> None:
    name = relative(path)
    tops = {imported.partition(".")[0] for imported in imported_names(path)}
    if "/ui/" not in name and name != "training/admin_tab.py":
        assert "gradio" not in tops, f"{name}: gradio belongs in app.py and */ui/"
    if not name.startswith("annotator/") or "/ui/" in name or name == "annotator/__main__.py":
        assert "sqlalchemy" not in tops
    if name not in ("data_tools/live2d/cubism_core.py", "liwi/heap.py"):
        assert "ctypes" not in tops, f"{name}: C is spoken to Cubism Core and to the C library's heap"
    if name != "training/loop.py":
        assert "accelerate" not in tops, f"{name}: there is one loop"
    if not name.startswith(("liwi/experts/", "liwi/checkpoint", "liwi/registry")):
        assert not name.startswith("liwi/") or "safetensors" not in tops, f"{name}: weights are read in liwi/experts and by the registry"
    assert "skimage" not in tops or name.startswith("data_tools/"), f"{name}: scikit-image is no dependency of the app"


@pytest.mark.parametrize("path", python_files(), ids=relative)
def test_torch_and_compilers_are_imported_late(path: Path) -> None:
    tops = {imported.partition(".")[0] for imported in imported_names(path, top_level_only=True)}
    if relative(path).startswith(TORCH_FREE):
        assert "torch" not in tops
    assert "pymatting" not in tops, f"{relative(path)}: pymatting compiles for a minute at its first import"


@pytest.mark.parametrize("path", python_files(), ids=relative)
def test_modules_have_a_docstring_a_size_and_a_telling_name(path: Path) -> None:
    text = path.read_text()
    assert path.stem not in {"utils", "helpers", "common", "misc"}
    assert ast.get_docstring(ast.parse(text)), f"{relative(path)} says nothing about itself"
    assert text.count("\n") <= 400, f"{relative(path)} is too long to be one thing"


def test_the_top_level_is_what_the_owner_fixed() -> None:
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text().split()}
    visible = [path for path in ROOT.iterdir() if not path.name.startswith(".") and path.name not in ignored]
    assert {path.name for path in visible if path.is_file()} <= TOP_LEVEL_FILES
    assert {path.name for path in visible if path.is_dir()} <= TOP_LEVEL_FOLDERS


def test_public_functions_are_documented() -> None:
    undocumented = [
        f"{relative(path)}:{node.lineno} {node.name}"
        for path in python_files()
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert undocumented == []
