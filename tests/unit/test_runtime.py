"""Starting must not wait for compilers, and the warm-up must leave the engine ready."""

import subprocess
import sys
from pathlib import Path

import pytest

from liwi.errors import InputError
from liwi.progress import CancelToken
from liwi.runtime import WarmUp, wait_until_warm, warm_up, warm_up_state
from liwi.settings import Settings

ROOT = Path(__file__).parents[2]


def test_importing_the_app_loads_no_compiler_and_no_torch() -> None:
    check = "import app, sys; print(sorted({'pymatting', 'numba', 'torch', 'patchmatch'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, cwd=ROOT, check=True)
    assert shown.stdout.strip() == "[]"


def test_importing_the_library_is_light() -> None:
    check = "import liwi, sys; print(sorted({'gradio', 'pymatting', 'torch', 'scipy'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, cwd=ROOT, check=True)
    assert shown.stdout.strip() == "[]"


def test_after_the_warm_up_nobody_waits() -> None:
    warm_up()
    assert warm_up_state() is WarmUp.READY
    wait_until_warm(CancelToken())
    assert "pymatting" in sys.modules


def test_settings_come_from_the_environment() -> None:
    settings = Settings.from_environment({"LIWI_PORT": "0", "LIWI_RETENTION_MINUTES": "0.5", "LIWI_WORKSPACE": "somewhere"})
    assert (settings.port, settings.retention_minutes, settings.workspace) == (0, 0.5, Path("somewhere"))
    assert Settings.from_environment({"SPACE_ID": "a/b"}).host == "0.0.0.0"
    assert Settings.from_environment({}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"), [("LIWI_PORT", "many"), ("LIWI_PORT", "70000"), ("LIWI_MAX_UPLOAD_MB", "0"), ("LIWI_MAX_PROJECTS", "nan")]
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(InputError, match=name):
        Settings.from_environment({name: value})
