"""Checkpoints of the character model: what is read answers as what was written, and what is wrong is said in words."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from liwi.checkpoint_kinds import KINDS, resolve
from liwi.engines import missing_needs
from liwi.errors import EngineUnavailable, InputError, LiwiError
from liwi.model_folders import CheckpointMismatch
from liwi.placement import Machine
from liwi.registry_errors import CheckpointDamaged
from liwi.registry_reading import RegistryReader
from liwi.registry_serving import Served
from liwi.seethrough.checkpoint import PartCard, read_part_card, save_parts
from liwi.seethrough.depth_pipeline import DepthOptions
from liwi.seethrough.families import MOVED, check_depth_folder, check_parts_folder
from liwi.seethrough.loading import find_base, load_depth_model, load_part_model
from liwi.seethrough.part_pipeline import PartOptions
from liwi.seethrough.part_unet import PartUNet
from liwi.seethrough.published_settings import PART_SCHEDULER
from liwi.seethrough.readiness import PARTS
from liwi.seethrough.serving import ServedParts, load_depth, load_parts, smoke_depth, smoke_parts
from liwi.seethrough.transparency import TransparentVAE
from tests.seethrough import tiny_depth_pipeline, write_depth, write_parts
from tests.unit.seethrough.tiny_networks import DEPTH, PARTS_V3, TRANSPARENCY, stirred, tiny_part_pipeline, tiny_vae

PICTURE = np.random.default_rng(0).integers(0, 256, (20, 14, 4), np.uint8)
NO_GPU = Machine(0.0, 64.0, device="cpu")


@pytest.fixture(scope="module")
def parts_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_parts(tmp_path_factory.mktemp("checkpoints") / "parts")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny part diffusion in the published layout, without its text encoders."""
    folder = tmp_path_factory.mktemp("published") / "base"
    pipeline = tiny_part_pipeline()
    pipeline.unet.save_pretrained(folder / "unet")
    pipeline.transparency.save_pretrained(folder / "trans_vae")
    pipeline.vae.save_pretrained(folder / "vae")
    return folder


@pytest.fixture
def adopted(published: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A checkpoint that leans on a copy of it, and that copy."""
    base = tmp_path / "base"
    shutil.copytree(published, base)
    save_parts(tmp_path / "adopted", PartCard(resolution=16, steps=1, base=str(base)), classes=tiny_part_pipeline().classes)
    return tmp_path / "adopted", base


def rewrite(path: Path, change: Callable[[dict], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_a_checkpoint_answers_as_the_networks_that_were_saved(parts_folder: Path, tmp_path: Path) -> None:
    served = load_parts(parts_folder)
    smoke_parts(served)
    options = PartOptions(steps=1, resolution=16, tags=frozenset({"tail", "face"}))
    expected, answer = tiny_part_pipeline().separate(PICTURE, options), served.model().pipeline.separate(PICTURE, options)
    assert all(np.array_equal(expected.layers[tag], answer.layers[tag]) for tag in ("tail", "face"))
    depth = load_depth(write_depth(tmp_path / "depth"))
    smoke_depth(depth)
    small = DepthOptions(steps=1, resolution=16)
    near = depth.model().pipeline.estimate({"face": PICTURE}, PICTURE, small)["face"]
    np.testing.assert_allclose(near, tiny_depth_pipeline().estimate({"face": PICTURE}, PICTURE, small)["face"], atol=1e-5)


def test_both_kinds_are_in_the_registrys_table_and_pass_its_smoke_run(parts_folder: Path) -> None:
    kind = KINDS[PARTS]
    resolve(kind.smoke)(resolve(kind.loader)(parts_folder))
    assert resolve(KINDS["pseudo_depth"].loader) is load_depth


def test_a_base_lends_its_networks_and_only_the_tags_lie_in_the_checkpoint(adopted: tuple[Path, Path]) -> None:
    folder, _ = adopted
    assert {path.name for path in folder.iterdir()} == {"part_diffusion.json", "classes.safetensors"}
    ServedParts(folder).check()
    said: list[str] = []
    model = load_part_model(folder, machine=NO_GPU, say=said.append)
    assert model.preset is not None and model.preset.name == "no GPU" and "billion weights" in said[0]
    layers = model.pipeline.separate(PICTURE, PartOptions(steps=1, resolution=16, tags=frozenset({"tail"}))).layers
    assert layers["tail"].shape == PICTURE.shape


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda base: (base / "trans_vae/config.json").unlink(), "lacks trans_vae/config.json"),
        (lambda base: (base / "unet/diffusion_pytorch_model.safetensors").unlink(), "unet holds no weights"),
        (
            lambda base: rewrite(base / "unet/config.json", lambda each: each.update(in_channels=4)),
            "takes 4 channels, See-through's takes 8",
        ),
        (lambda base: rewrite(base / "unet/config.json", lambda each: each.update(tag_version="v9")), "known are v2 and v3"),
        (
            lambda base: rewrite(
                base / "unet/config.json", lambda each: each.update(down_block_types=["DownBlock2D", "CrossAttnDownBlock2D"])
            ),
            "no attention among parts",
        ),
        (lambda base: (base / "unet/config.json").write_text("[1]"), "unet/config.json cannot be read"),
    ],
    ids=["no decoder", "no weights", "channels", "version", "one picture", "no object"],
)
def test_a_base_that_is_of_another_model_or_not_whole_is_refused_in_words(
    adopted: tuple[Path, Path], spoil: Callable[[Path], object], message: str
) -> None:
    folder, base = adopted
    spoil(base)
    with pytest.raises(CheckpointMismatch, match=message) as problem:
        smoke_parts(ServedParts(folder))
    assert "hf download layerdifforg/seethroughv0.0.2_layerdiff3d" in str(problem.value)


def test_a_missing_shard_is_named(adopted: tuple[Path, Path]) -> None:
    folder, base = adopted
    (base / "unet/diffusion_pytorch_model.safetensors").unlink()
    table = {"weight_map": {"conv_in.weight": "diffusion_pytorch_model-00001-of-00002.safetensors"}}
    (base / "unet/diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(table))
    with pytest.raises(CheckpointMismatch, match=r"1 of 1 files of weights are missing \(diffusion_pytorch_model-00001"):
        ServedParts(folder).check()


def test_what_is_not_on_this_computer_is_not_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    name, other = next(iter(MOVED.items()))
    with pytest.raises(CheckpointMismatch, match=f"hf download {name}"):
        find_base(name, "4 GB")
    with pytest.raises(CheckpointMismatch, match="hf download nobody/nothing"):
        find_base("nobody/nothing", "4 GB")
    assert MOVED[other] == name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: card.update(resolution=10**9), "describes no part_diffusion"),
        (lambda card: card.update(surprise=1), "unknown: surprise"),
        (lambda card: card["networks"].pop("vae"), "lacks the network 'vae'"),
        (lambda card: card["networks"]["unet"].update(in_channels=12), "takes 12 channels, See-through's takes 8"),
        (lambda card: card["networks"]["unet"].update(layers_per_block=10**6), "must be at most 64"),
        (lambda card: card["networks"]["trans_vae"].update(widths="many"), "transparency networks"),
        (lambda card: card["networks"]["vae"].update(block_out_channels=[7]), "VAE that cannot be built"),
        (lambda card: card["classes"].update(tokens=[24, 10**9, 10**9]), "how large its texts are"),
        (lambda card: card["classes"].update(tags=["face"]), "which tags were encoded"),
        (lambda card: card.update(scheduler=["epsilon"]), "networks or scheduler"),
        (lambda card: card["scheduler"].update(num_train_timesteps=10**12), "beyond 10,000"),
        (lambda card: card["scheduler"].update(beta_schedule="imaginary"), r"no DPM-Solver\+\+"),
        (lambda card: card["scheduler"].update(prediction_type="tomorrow"), "it predicts 'tomorrow'"),
        (lambda card: card["scheduler"].update(timestep_spacing={}), r"no DPM-Solver\+\+"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(parts_folder: Path, tmp_path: Path, change: Callable[[dict], object], message: str) -> None:
    folder = tmp_path / "parts"
    shutil.copytree(parts_folder, folder)
    rewrite(folder / "part_diffusion.json", change)
    with pytest.raises(LiwiError, match=message):
        load_parts(folder)


def test_a_card_of_before_samplers_were_kept_means_the_published_one(parts_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    shutil.copytree(parts_folder, folder)
    rewrite(folder / "part_diffusion.json", lambda card: card.pop("scheduler"))
    assert load_parts(folder).model().pipeline.scheduler == PART_SCHEDULER


def test_a_tensor_of_another_shape_and_a_missing_tag_are_named(parts_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    shutil.copytree(parts_folder, folder)
    tensors = load_file(folder / "trans_vae.safetensors")
    name = next(iter(tensors))
    save_file({**tensors, name: torch.zeros(1)}, folder / "trans_vae.safetensors")
    with pytest.raises(CheckpointDamaged, match="expected"):
        load_parts(folder)
    shutil.copy(parts_folder / "trans_vae.safetensors", folder)
    rewrite(folder / "part_diffusion.json", lambda card: card["classes"]["tags"].__setitem__(0, "wheel"))
    with pytest.raises(CheckpointDamaged, match="'front hair' is missing"):
        smoke_parts(load_parts(folder))


def test_a_depth_checkpoint_of_another_kind_is_told(parts_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointMismatch, match=r"no checkpoint of the kind 'pseudo_depth': pseudo_depth\.json is missing"):
        load_depth(parts_folder)
    folder = write_depth(tmp_path / "depth")
    rewrite(folder / "pseudo_depth.json", lambda card: card["scheduler"].update(beta_schedule="imaginary"))
    with pytest.raises(CheckpointDamaged, match="no DDIM sampler"):
        load_depth_model(folder)
    base = tmp_path / "base"
    stirred(PartUNet(**{**DEPTH, "in_channels": 8})).save_pretrained(base / "unet")
    tiny_vae().save_pretrained(base / "vae")
    with pytest.raises(CheckpointMismatch, match="takes 8 channels, See-through's takes 12"):
        check_depth_folder(base)
    with pytest.raises(CheckpointMismatch, match="no complete part diffusion"):
        check_parts_folder(base)


def test_without_a_served_checkpoint_the_engine_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from liwi.engines.seethrough import create

    monkeypatch.setenv("LIWI_CHECKPOINTS", str(tmp_path))
    assert missing_needs("seethrough") == ("weights of the kind 'part_diffusion'",)
    with pytest.raises(EngineUnavailable, match="python -m liwi seethrough adopt"):
        create()._find_models(lambda _: None)
    assert not Served(RegistryReader(tmp_path), PARTS).available


def test_a_card_needs_networks_or_a_base(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has networks, or a base"):
        save_parts(tmp_path, PartCard())
    write_parts(tmp_path / "v2", "v2")
    assert read_part_card(tmp_path / "v2").networks["unet"]["tag_version"] == "v2"
    with pytest.raises(InputError):
        TransparentVAE(type(TRANSPARENCY)(widths=(0,)))
    assert PARTS_V3["group_embedding"]
