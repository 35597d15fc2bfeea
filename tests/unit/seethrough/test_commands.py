"""The command line of the character model, and what it lets a person choose."""

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from liwi import registry as registry_module
from liwi.checkpoint_kinds import resolve
from liwi.errors import InputError
from liwi.registry import Registry
from liwi.seethrough.body_parts import BodyPart
from liwi.seethrough.commands import app
from liwi.seethrough.options import parse_options
from tests.unit.seethrough.tiny_networks import write_published_parts


def run(*arguments: str) -> str:
    found = CliRunner().invoke(app, list(arguments))
    assert found.exit_code == 0, found.output + str(found.exception)
    return found.output


def test_it_says_what_fits_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    said = run("fits")
    assert "5.28 billion weights" in said and "There is no GPU" in said
    assert all(f"{size} GB" in said for size in (24, 16, 12, 8))


def test_a_published_model_becomes_a_checkpoint_without_being_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "smoke_test", lambda folder, entry: resolve(entry.smoke)(resolve(entry.loader)(folder)))
    base = write_published_parts(tmp_path / "published")
    said = run("adopt", str(base), "--licence", "Apache-2.0", "--registry", str(tmp_path / "registry"))
    record = next(record for record in Registry(tmp_path / "registry").records() if record.kind == "part_diffusion")
    assert record.licence == "Apache-2.0" and f"promote {record.id}" in said
    names = {path.name for path in Registry(tmp_path / "registry").folder(record.id).iterdir()}
    assert not any(name.startswith(("unet", "vae", "trans_vae")) for name in names)


def test_nothing_to_adopt_is_an_error() -> None:
    assert isinstance(CliRunner().invoke(app, ["adopt"]).exception, InputError)


def test_what_is_written_on_the_command_line_is_what_the_engine_is_asked() -> None:
    assert parse_options([], head_pass=True, strata="2", footwear=False) is None
    options = parse_options(["front hair", "face"], head_pass=False, strata="auto", footwear=True)
    assert options is not None and options.parts == {BodyPart.FRONT_HAIR, BodyPart.FACE}
    assert not options.head_pass and options.strata.count is None and options.strata.wants(BodyPart.FOOTWEAR)


@pytest.mark.parametrize(
    ("parts", "strata", "message"),
    [(["wheel"], "2", "no body part 'wheel'; there are front hair"), ([], "9", "1 to 4 strata"), ([], "", "1 to 4")],
)
def test_what_cannot_be_asked_is_told(parts: list[str], strata: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_options(parts, head_pass=True, strata=strata, footwear=False)
