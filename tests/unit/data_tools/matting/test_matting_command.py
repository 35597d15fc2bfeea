"""``python -m data_tools matting``: made once, gone on with, and never mixed with a set that was made otherwise."""

from pathlib import Path

from typer.testing import CliRunner

from data_tools.__main__ import app
from data_tools.matting.dataset import open_shards, read_manifest
from data_tools.matting.objects import Purpose

TINY = ["--train", "5", "--evaluation", "2", "--shapes", "30", "--prior-share", "0", "--no-art"]


def test_an_interrupted_set_is_finished_by_the_same_command_and_refused_to_another(tmp_path: Path) -> None:
    out = tmp_path / "matting"
    first = CliRunner().invoke(app, ["matting", str(out), *TINY])
    assert first.exit_code == 0, first.output
    shards = [open_shards(out, purpose)[0] for purpose in (Purpose.TRAIN, Purpose.EVALUATION)]
    assert [len(shard.boxes) for shard in shards] == [5, 2]
    assert "openclipart-png" not in read_manifest(out)["licences"]

    before = (out / "train-0000.npy").read_bytes()
    for name in ("manifest.json", "train-0000.json", "train-0000.npy"):  # as if killed before the last shard
        (out / name).unlink()
    assert CliRunner().invoke(app, ["matting", str(out), *TINY]).exit_code == 0
    assert (out / "train-0000.npy").read_bytes() == before

    other = CliRunner().invoke(app, ["matting", str(out), *TINY, "--seed", "1"])
    assert other.exit_code == 1
    assert "'seed'" in other.output
