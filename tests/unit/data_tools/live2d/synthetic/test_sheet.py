"""The command and its contact sheet."""

import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image
from typer.testing import CliRunner

from data_tools.live2d.commands import app


def test_the_command_writes_characters_and_a_sheet(tmp_path: Path) -> None:
    arguments = [
        "synthesize",
        str(tmp_path / "out"),
        "--count",
        "2",
        "--seed",
        "5",
        "--texture-size",
        "256",
        "--sheet",
        str(tmp_path / "sheet.webp"),
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    models = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert models == ["character_0005", "character_0006"]
    assert json.loads((tmp_path / "out/character_0006/labels.json").read_text())["seed"] == 6
    with Image.open(tmp_path / "sheet.webp") as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    assert hashlib.sha256(pixels[:, :300].tobytes()).digest() != hashlib.sha256(pixels[:, 312:612].tobytes()).digest()
    assert pixels[:430, :620].std() > 20
