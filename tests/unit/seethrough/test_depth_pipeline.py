"""The pseudo-depth: what the network is shown, how its answer is divided among parts, the sampler written out, seeds and stopping."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from numpy.typing import NDArray

from liwi.errors import Cancelled, InputError
from liwi.progress import CancelToken, Progress
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart
from liwi.seethrough.color_padding import pad_colors
from liwi.seethrough.depth_pipeline import DepthOptions, DepthPipeline, compose_frames, divide
from liwi.seethrough.part_unet import PartUNet
from liwi.seethrough.published_settings import DEPTH_LATENT_SCALE, DEPTH_SCHEDULER
from tests.unit.seethrough.tiny_networks import DEPTH, stirred, tiny_vae

UInt8 = NDArray[np.uint8]
OPTIONS = DepthOptions(seed=2, steps=2, resolution=16)


@pytest.fixture(scope="module")
def pipeline() -> DepthPipeline:
    torch.manual_seed(0)
    return DepthPipeline(stirred(PartUNet(**DEPTH)), tiny_vae(), torch.randn(1, 2, 20))


def blob(top: int, bottom: int, colour: tuple[int, int, int], size: tuple[int, int] = (16, 16)) -> UInt8:
    """A layer that is opaque in rows ``top`` to ``bottom`` and has its colour everywhere."""
    rgba = np.zeros((size[1], size[0], 4), np.uint8)
    rgba[..., :3] = colour
    rgba[top:bottom, :, 3] = 255
    return rgba


@pytest.fixture(scope="module")
def layers() -> dict[str, UInt8]:
    return {
        BodyPart.BACK_HAIR: blob(0, 10, (200, 0, 0)),
        BodyPart.FRONT_HAIR: blob(2, 5, (0, 200, 0)),
        BodyPart.FACE: blob(4, 12, (0, 0, 200)),
    }


PAGE = blob(0, 16, (90, 90, 90))


@torch.inference_mode()
def test_it_is_ddim_on_page_part_and_noise_written_out(pipeline: DepthPipeline, layers: dict[str, UInt8]) -> None:
    latents = []
    for frame in compose_frames(layers, PAGE):
        argb = torch.from_numpy(frame).permute(2, 0, 1)[None, [3, 0, 1, 2]].float() / 255
        latents.append(pipeline.vae.encode(pad_colors(argb) * 2 - 1).latent_dist.mean[0] * DEPTH_LATENT_SCALE)
    noisy = torch.randn(20, 4, 8, 8, generator=torch.Generator().manual_seed(2))
    scheduler = DDIMScheduler(**DEPTH_SCHEDULER)
    scheduler.set_timesteps(2)
    for time in scheduler.timesteps:
        given = torch.stack([torch.cat([latents[-1], part, depth]) for part, depth in zip(latents, noisy, strict=True)])
        noisy = scheduler.step(pipeline.unet(given[None], time, pipeline.nothing.repeat(20, 1, 1))[0], time, noisy).prev_sample
    pixels = pipeline.vae.decode(noisy[CoarseBodyPart.FACE.class_index][None] / DEPTH_LATENT_SCALE).sample
    wanted = 1 - (pixels.mean(1)[0].clip(-1, 1) + 1) / 2
    answer = pipeline.estimate(layers, PAGE, OPTIONS)
    np.testing.assert_allclose(answer[BodyPart.FACE], wanted.numpy(), atol=1e-4)
    assert answer[BodyPart.FACE].std() > 1e-3


def test_the_answer_has_a_depth_for_every_layer_in_floating_point_and_the_same_each_time(
    pipeline: DepthPipeline, layers: dict[str, UInt8]
) -> None:
    first, again = pipeline.estimate(layers, PAGE, OPTIONS), pipeline.estimate(layers, PAGE, OPTIONS)
    assert first.keys() == layers.keys()
    assert all(depth.shape == (16, 16) and depth.dtype == np.float32 and 0 <= depth.min() <= depth.max() <= 1 for depth in first.values())
    assert all(np.array_equal(first[name], again[name]) for name in first)
    other = pipeline.estimate(layers, PAGE, replace(OPTIONS, seed=5))
    assert not np.allclose(first[BodyPart.FACE], other[BodyPart.FACE], atol=1e-3)
    eighths = first[BodyPart.FACE] * 255
    assert np.abs(eighths - np.round(eighths)).max() > 0.1  # not in steps of 8 bits


def test_empty_classes_are_encoded_once_and_brought_to_no_picture(pipeline: DepthPipeline, layers: dict[str, UInt8]) -> None:
    seen = {"encoder": 0, "decoder": 0}

    def count(name: str) -> Any:
        return getattr(pipeline.vae, name).register_forward_hook(lambda *_: seen.update({name: seen[name] + 1}))

    hooks = [count(name) for name in seen]
    try:
        pipeline.estimate(layers, PAGE, OPTIONS)
    finally:
        for hook in hooks:
            hook.remove()
    assert seen == {"encoder": 2 + 1 + 1, "decoder": 2}  # hair and face; what is empty; the page


def test_a_layer_without_a_pixel_changes_nothing_for_the_others(pipeline: DepthPipeline, layers: dict[str, UInt8]) -> None:
    more = {**layers, CoarseBodyPart.TAIL: blob(0, 0, (7, 7, 7)), BodyPart.EYEBROW: blob(0, 0, (9, 9, 9))}
    with_empty, without = pipeline.estimate(more, PAGE, OPTIONS), pipeline.estimate(layers, PAGE, OPTIONS)
    assert with_empty.keys() == more.keys()
    assert all(np.array_equal(with_empty[name], without[name]) for name in layers)


def test_pictures_of_any_shape_keep_theirs(pipeline: DepthPipeline) -> None:
    layers = {CoarseBodyPart.HAIR: blob(0, 20, (9, 9, 9), (24, 40)), CoarseBodyPart.TAIL: blob(5, 30, (99, 9, 9), (24, 40))}
    answer = pipeline.estimate(layers, blob(0, 40, (50, 50, 50), (24, 40)), OPTIONS)
    assert {name: depth.shape for name, depth in answer.items()} == {"hair": (40, 24), "tail": (40, 24)}


def test_frames_are_the_19_classes_in_order_and_the_page_with_their_alpha(layers: dict[str, UInt8]) -> None:
    frames = compose_frames(layers, PAGE)
    assert len(frames) == 20
    hair, face, page = frames[0], frames[CoarseBodyPart.FACE.class_index], frames[-1]
    assert (hair[0, 0] == (200, 0, 0, 255)).all() and (hair[3, 0] == (0, 200, 0, 255)).all()
    assert (hair[15, 0] == (200, 0, 0, 0)).all()  # colours under alpha 0 go on
    assert np.array_equal(face, layers[BodyPart.FACE])
    assert np.array_equal(page[..., 3] == 255, np.arange(16)[:, None].repeat(16, 1) < 12)
    assert not frames[CoarseBodyPart.TAIL.class_index].any()


def test_what_is_hardly_there_is_not_shown(layers: dict[str, UInt8]) -> None:
    faint = {BodyPart.FACE: np.dstack([layers[BodyPart.FACE][..., :3], np.full((16, 16), 14, np.uint8)])}
    assert not compose_frames(faint, PAGE)[CoarseBodyPart.FACE.class_index][..., 3].any()


def test_a_composed_class_is_divided_and_what_is_hidden_lies_behind(layers: dict[str, UInt8]) -> None:
    near: Mapping[Any, Any] = {part: np.zeros((16, 16), np.float32) for part in CoarseBodyPart}
    hair = near[CoarseBodyPart.HAIR]
    hair[:] = 0.2  # back hair
    hair[1] = 0.4
    hair[2:5] = 0.9  # front hair, before it
    answer = divide(near, layers)
    back, front = answer[BodyPart.BACK_HAIR], answer[BodyPart.FRONT_HAIR]
    assert (front[2:5] == np.float32(0.9)).all() and not front[:2].any() and not front[5:].any()
    assert (back[2:5] == np.float32(0.2)).all() and (back[1] == np.float32(0.4)).all() and not back[10:].any()
    hair[2:5] = 0.1  # said to be behind what it hides
    assert (divide(near, layers)[BodyPart.BACK_HAIR][2:5] <= np.float32(0.1)).all()


def test_a_part_that_is_hidden_altogether_or_empty_has_a_depth_too() -> None:
    near: Mapping[Any, Any] = {part: np.full((16, 16), 0.5, np.float32) for part in CoarseBodyPart}
    hidden = divide(near, {BodyPart.IRIDES: blob(3, 5, (1, 1, 1)), BodyPart.EYELASH: blob(2, 6, (1, 1, 1))})
    assert (hidden[BodyPart.IRIDES][3:5] == np.float32(0.5)).all()
    assert not divide(near, {BodyPart.IRIDES: blob(0, 0, (1, 1, 1))})[BodyPart.IRIDES].any()


@pytest.mark.parametrize(
    ("layers", "options", "message"),
    [
        ({"hat": PAGE}, OPTIONS, "'hat' is no body part"),
        ({"face": PAGE[:8]}, OPTIONS, "all must have one size"),
        ({"face": PAGE}, replace(OPTIONS, steps=0), "1 to 1000 steps"),
        ({"face": PAGE}, replace(OPTIONS, resolution=20), "multiple of 8"),
    ],
)
def test_what_cannot_be_estimated_is_refused(
    pipeline: DepthPipeline, layers: dict[str, UInt8], options: DepthOptions, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        pipeline.estimate(layers, PAGE, options)


def test_it_reports_and_stops_when_asked(pipeline: DepthPipeline, layers: dict[str, UInt8]) -> None:
    token, stages = CancelToken(), list[Progress]()

    def report(progress: Progress) -> None:
        stages.append(progress)
        token.cancel()

    with pytest.raises(Cancelled):
        pipeline.estimate(layers, PAGE, OPTIONS, report=report, cancel=token)
    assert [(each.done, each.total) for each in stages] == [(0, 2)]
