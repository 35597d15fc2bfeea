"""The transparency objective: it learns, judge and judged learn apart, and its export is what the part diffusion reads."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from liwi.seethrough.published_folders import load_vae
from liwi.seethrough.transparency import TransparentVAE
from tests.unit.training.drawn_characters import VAE, character_job, make_characters, make_networks
from training.errors import JobError
from training.objectives.transparency import TransparencyObjective
from training.objectives.transparency_networks import SPREAD


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("transparency")
    make_characters(folder / "characters")
    make_networks(folder / "networks")
    return folder


def objective_of(folder: Path, **model: Any) -> TransparencyObjective:
    return TransparencyObjective(character_job(folder, "transparency", {**VAE, **model}, data={"pictures": 3}))


def test_its_loss_falls_and_its_export_is_as_loud_as_published(folder: Path, tmp_path: Path) -> None:
    objective = objective_of(folder, offset=0.25, unseen=0.2)
    torch.manual_seed(0)
    model: Any = objective.build()
    rng, losses = np.random.default_rng(0), []
    before = objective.evaluate(model.eval())
    optimizer = torch.optim.Adam(model.train().parameters(), lr=3e-3)
    for _ in range(25):
        found = objective.loss(model, objective.batch(np.array([0, 1]), rng))
        optimizer.zero_grad()
        found["loss"].backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float((found["color"] + found["alpha"] + found["vae"]).detach()))
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
    after = objective.evaluate(model.eval())
    assert after["dice_loss"] < before["dice_loss"]
    objective.export(model, tmp_path, {})
    vae, transparency = load_vae(tmp_path / "vae"), TransparentVAE.from_pretrained(tmp_path / "trans_vae")
    assert vae.config["scaling_factor"] * SPREAD == pytest.approx(1)
    model.vae, model.transparency = vae, transparency
    assert objective.evaluate(model) == pytest.approx(after, abs=0.02)  # latents are louder now, pictures are what they were
    assert objective.pictures(model)["measured"].shape == (64, 4 * 32, 3)


def test_latents_made_louder_are_the_same_pictures(folder: Path) -> None:
    torch.manual_seed(0)
    model: Any = objective_of(folder).build()
    pictures = torch.rand(2, 4, 32, 32)
    with torch.no_grad():
        torch.nn.init.normal_(model.transparency.encoder.model.blocks[-1].weight, std=1e-4)
        first = [
            model.transparency.decode(model.vae, model.transparency.encode(model.vae, pictures)),
            model.vae.encode(pictures[:, 1:])[0].std,
        ]
        model.loudness(0.5)
        second = [
            model.transparency.decode(model.vae, model.transparency.encode(model.vae, pictures)),
            model.vae.encode(pictures[:, 1:])[0].std,
        ]
    torch.testing.assert_close(first[0], second[0], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(first[1] * SPREAD / 0.5, second[1], atol=1e-4, rtol=1e-4)


def test_each_loss_moves_only_what_it_is_for(folder: Path) -> None:
    objective = objective_of(folder, offset=0.0)
    torch.manual_seed(0)
    model: Any = objective.build()
    found = objective.loss(model, objective.batch(np.array([0, 1]), np.random.default_rng(0)))

    def moved(name: str) -> tuple[bool, ...]:
        model.zero_grad()
        found[name].backward(retain_graph=True)  # type: ignore[no-untyped-call]
        parts = (model.critic, model.transparency.decoder, model.vae.encoder, model.vae.decoder)
        return tuple(any(each.grad is not None and bool(each.grad.any()) for each in part.parameters()) for part in parts)

    assert moved("critic") == (True, False, False, False)
    assert moved("adversarial") == (False, True, True, False)  # latents learn alpha too; what the VAE draws stays colours alone
    assert moved("alpha") == (False, True, True, False)
    assert moved("vae") == (False, False, True, True)


def test_a_published_vae_stays_as_it_is(folder: Path) -> None:
    objective = objective_of(folder, vae=str(folder / "networks" / "vae"), start_from=str(folder / "networks" / "trans_vae"), offset=1.0)
    model: Any = objective.build()
    assert not any(parameter.requires_grad for parameter in model.vae.parameters())
    objective.loss(model, objective.batch(np.array([0]), np.random.default_rng(0)))["loss"].backward()  # type: ignore[no-untyped-call]
    assert model.transparency.encoder.model.blocks[-1].weight.grad.any()


def test_jobs_that_cannot_be_are_refused(folder: Path) -> None:
    for model, complaint in (
        ({"vae": "nowhere"}, "model.vae"),
        ({"start_from": "nowhere"}, "model.start_from"),
        ({"vae_widths": (8, 8, 8)}, "offset_widths"),
        ({"widths": (6, 8)}, "model"),
        ({"widths": (4,) * 7}, "resolution"),
    ):
        with pytest.raises(JobError, match=complaint):
            objective_of(folder, **model).build()
