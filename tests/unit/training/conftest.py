"""The training tab's services with one finished run, and somebody who asks them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from liwi.registry import Registry
from training.launch import Launcher
from training.run_here import ThisMachine
from training.ui.api import training_routes
from training.ui.services import TrainingServices

LABELS = "ab" * 32


@pytest.fixture
def services(samples: Path, whole: Path, tmp_path: Path) -> Iterator[TrainingServices]:
    """An app's services: one finished run, one dataset, an empty registry. Who asks is what the header ``person`` says."""
    runs = tmp_path / "runs"
    shutil.copytree(whole, runs / "whole")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "matting").symlink_to(samples)
    (tmp_path / "data" / "labels").mkdir()
    (tmp_path / "data" / "labels" / "export.jsonl").write_text(json.dumps({"labels_sha256": LABELS}) + "\n")
    services = TrainingServices(
        Launcher(runs, [ThisMachine(runs, num_gpus=0)]),
        Registry(tmp_path / "registry", shipped=None),
        tmp_path / "data",
        lambda request: request.headers.get("person"),
        lambda person: person == "ada",
        lambda: {LABELS: "default: 12 labels, exported by grace"},
    )
    yield services
    services.works.close()


@pytest.fixture
def client(services: TrainingServices) -> TestClient:
    return TestClient(Starlette(routes=training_routes(services)))
