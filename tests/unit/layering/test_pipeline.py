"""The pipeline against diffusers' own, and what it adds."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import QwenImageLayeredPipeline
from diffusers.pipelines.qwenimage import pipeline_qwenimage_layered as upstream
from PIL import Image

from liwi.errors import Cancelled, InputError, PictureError
from liwi.layering import step_cache
from liwi.layering.captions import QwenText
from liwi.layering.components import build_scheduler
from liwi.layering.layout import Frame0
from liwi.layering.pipeline import LayeredDiffusionPipeline
from liwi.layering.request import LayeredPicture, LayeringRequest, StepReport
from liwi.layering.sampling import Cache, Sampling, SamplingFailed, working_size
from liwi.layering.shadow_target import Frame0Target
from liwi.layering.text import WordHashing
from liwi.progress import CancelToken
from tests.unit.layering.networks import qwen_parts, transformer, upstream_parts, vae

SAMPLING = Sampling(steps=2, guidance=4.0, resolution=64)
CAPTION = "a red thing on grey"


def picture(seed: int = 0, size: tuple[int, int] = (90, 60)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)


def build(frame0: Frame0 = Frame0.SOURCE, network: Any = None, text: Any = None) -> LayeredDiffusionPipeline:
    return LayeredDiffusionPipeline(network or transformer(), vae(), text or WordHashing(16), frame0=Frame0Target(frame0))


def as_bytes(result: LayeredPicture) -> np.ndarray:
    return (result.layers.permute(0, 2, 3, 1).numpy() * 255).round().astype(np.uint8)


@pytest.fixture
def upstream_layers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Upstream's own pipeline on the same weights; only its two fixed resolutions are replaced by a small one."""
    encoder, tokenizer, _ = qwen_parts()
    _, stock, autoencoder = upstream_parts()
    pipeline = QwenImageLayeredPipeline(build_scheduler(), autoencoder, encoder, tokenizer, None, stock)
    pipeline.set_progress_bar_config(disable=True)
    own = upstream.calculate_dimensions
    monkeypatch.setattr(upstream, "calculate_dimensions", lambda _, ratio: tuple(int(side) for side in own(64 * 64, ratio)))

    def run(image: np.ndarray, seed: int, **options: Any) -> np.ndarray:
        found = pipeline(
            Image.fromarray(image).convert("RGBA"),
            CAPTION,
            negative_prompt=" ",
            layers=2,
            num_inference_steps=2,
            generator=torch.Generator().manual_seed(seed),
            **options,
        ).images[0]
        return np.stack([np.asarray(layer) for layer in found])

    return run


@pytest.mark.parametrize("normalize", [False, True])
def test_with_the_source_in_frame_0_every_picture_is_upstreams(upstream_layers: Any, normalize: bool) -> None:
    network, _, autoencoder = upstream_parts()
    pipeline = LayeredDiffusionPipeline(network, autoencoder, QwenText(*qwen_parts()), frame0=Frame0Target(Frame0.SOURCE))
    sampling = Sampling(steps=2, guidance=4.0, resolution=64, normalize_guidance=normalize)
    ours = as_bytes(pipeline(LayeringRequest([picture()], 2, captions=CAPTION, seeds=7, sampling=sampling))[0])
    expected = upstream_layers(picture(), 7, cfg_normalize=normalize)
    assert ours.shape == expected.shape == (2, 64, 64, 4)
    assert np.abs(ours.astype(int) - expected).max() == 0


def test_a_batch_gives_each_picture_its_own_layers() -> None:
    pipeline, two = build(), [picture(1), picture(2)]
    together = pipeline(LayeringRequest(two, 3, captions=["one", "two words"], seeds=[5, 6], sampling=SAMPLING))
    for place, (seed, caption) in enumerate(((5, "one"), (6, "two words"))):
        alone = pipeline(LayeringRequest([two[place]], 3, captions=caption, seeds=seed, sampling=SAMPLING))[0]
        assert together[place].layers.shape[0] == 3
        assert float((together[place].layers - alone.layers).abs().max()) < 1e-5
        assert together[place].caption == caption


@pytest.mark.parametrize("frame0", list(Frame0))
def test_no_more_calls_and_tokens_than_upstream_and_fewer_without_frame_0(frame0: Frame0) -> None:
    pipeline, seen = build(frame0), []
    hook = pipeline.transformer.register_forward_pre_hook(
        lambda _, __, given: seen.append(given["hidden_states"].shape[1]), with_kwargs=True
    )
    try:
        found = pipeline(LayeringRequest([picture()], 2, captions="", sampling=SAMPLING))[0]
    finally:
        hook.remove()
    per_frame = (found.layers.shape[-1] // 8) * (found.layers.shape[-2] // 8)
    assert seen == [per_frame * (3 if frame0 is Frame0.NONE else 4)] * 4
    assert (found.shadow is not None) == (frame0 in (Frame0.SHADOW_PIXEL, Frame0.SHADOW_LATENT))
    if found.shadow is not None:
        assert found.shadow.shape == found.source.shape and float(found.shadow.abs().max()) <= 1


def test_latents_can_be_had_undecoded() -> None:
    pipeline = build(Frame0.SHADOW_PIXEL)
    request = LayeringRequest([picture()], 2, captions="", sampling=SAMPLING)
    latents = pipeline.sample(request)
    assert latents.frames.shape[1] == latents.layout.num_predicted == 3
    assert torch.equal(pipeline.decode(latents)[0].layers, pipeline(request)[0].layers)


def test_arrays_pil_pictures_and_tensors_are_the_same_picture() -> None:
    pipeline, array = build(), picture(3, (64, 64))
    tensor = torch.from_numpy(array).permute(2, 0, 1).float() / 255
    found = [
        pipeline(LayeringRequest([each], 1, captions="", sampling=SAMPLING))[0].layers for each in (array, Image.fromarray(array), tensor)
    ]
    assert torch.equal(found[0], found[1]) and torch.equal(found[0], found[2])


def test_a_context_frame_counts() -> None:
    pipeline, box = build(Frame0.NONE), np.zeros((60, 90, 4), np.uint8)
    box[20:40, 20:60, :3], box[..., 3] = 255, 255
    request = LayeringRequest([picture()], 2, captions="", contexts=[box], sampling=SAMPLING)
    latents = pipeline.sample(request)
    assert latents.layout.num_context == 1
    other = pipeline.sample(LayeringRequest([picture()], 2, captions="", contexts=[255 - box], sampling=SAMPLING))
    assert not torch.equal(latents.frames, other.frames)


def test_pictures_without_a_caption_are_described() -> None:
    text = QwenText(*qwen_parts())
    assert text.can_caption and not QwenText(*qwen_parts()[:2]).can_caption
    found = build(text=text).sample(LayeringRequest([picture()], 1, sampling=Sampling(steps=1, guidance=1, resolution=64)))
    assert found.captions == (text.caption(found.pixels[0]),)
    assert build().sample(LayeringRequest([picture()], 1, sampling=Sampling(steps=1, guidance=1, resolution=64))).captions == ("",)


def test_every_step_reports_and_can_show_what_there_is() -> None:
    reports: list[StepReport] = []
    found = build(Frame0.NONE)(LayeringRequest([picture()], 2, captions="", sampling=SAMPLING), on_step=reports.append)[0]
    assert [(report.done, report.total) for report in reports] == [(1, 2), (2, 2)]
    torch.testing.assert_close(reports[-1].preview()[0], found.layers)  # the last step goes straight to its own estimate
    assert not torch.allclose(reports[0].preview()[0], found.layers)


def test_it_stops_when_asked() -> None:
    cancel, reports = CancelToken(), []

    def stop(report: StepReport) -> None:
        reports.append(report)
        cancel.cancel()

    with pytest.raises(Cancelled):
        build()(LayeringRequest([picture()], 1, captions="", sampling=SAMPLING), on_step=stop, cancel=cancel)
    assert len(reports) == 1


@pytest.mark.parametrize("cache", [Cache.FIRST_BLOCK, Cache.TAYLOR])
def test_caches_leave_nothing_behind(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_cache, "FIRST_BLOCK_THRESHOLD", 10.0)  # a network of noise changes more than a trained one
    pipeline = build(Frame0.NONE)
    request = LayeringRequest([picture()], 2, captions="", sampling=Sampling(steps=6, guidance=2, resolution=64))
    before = pipeline.sample(request).frames
    cached = pipeline.sample(LayeringRequest([picture()], 2, captions="", sampling=Sampling(6, 2, resolution=64, cache=cache))).frames
    assert bool(torch.isfinite(cached).all()) and not torch.equal(cached, before)
    assert torch.equal(pipeline.sample(request).frames, before)


def test_what_is_no_number_is_said_so() -> None:
    network = copy.deepcopy(transformer())
    network.proj_out.register_forward_hook(lambda _, __, answer: answer * torch.nan)
    with pytest.raises(SamplingFailed, match=r"not a number any more, at step 1 of 2.*verify"):
        build(network=network)(LayeringRequest([picture()], 1, captions="", sampling=SAMPLING))


@pytest.mark.parametrize("count", [0, 20])
def test_impossible_layer_counts_are_refused(count: int) -> None:
    with pytest.raises(InputError, match=f"{count} layers were asked for; expected 1 to 8"):
        LayeringRequest([picture()], count)


def test_requests_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(InputError, match="No picture"):
        LayeringRequest([], 1)
    with pytest.raises(InputError, match="one caption, or one per picture, got 2 for 1"):
        LayeringRequest([picture()], 1, captions=["a", "b"])
    with pytest.raises(InputError, match="same proportions"):
        build()(LayeringRequest([picture(), picture(0, (40, 90))], 1, captions="", sampling=SAMPLING))
    with pytest.raises(InputError, match="long and thin"):
        build()(LayeringRequest([picture(0, (900, 4))], 1, captions="", sampling=SAMPLING))
    with pytest.raises(PictureError, match="float in"):
        build()(LayeringRequest([torch.zeros(2, 4, 4)], 1, captions="", sampling=SAMPLING))
    with pytest.raises(PictureError, match="NaN"):
        build()(LayeringRequest([torch.full((3, 64, 64), torch.nan)], 1, captions="", sampling=SAMPLING))


@pytest.mark.parametrize(
    ("size", "small", "large"),
    [
        ((1, 1), (640, 640), (1024, 1024)),
        ((4, 3), (736, 544), (1184, 896)),
        ((3, 2), (768, 512), (1248, 832)),
        ((16, 9), (864, 480), (1376, 768)),
        ((2, 1), (896, 448), (1440, 736)),
    ],
)
def test_working_sizes_are_the_published_ones(size: tuple[int, int], small: tuple[int, int], large: tuple[int, int]) -> None:
    assert working_size(size, 640) == small == tuple(int(side) for side in upstream.calculate_dimensions(640**2, size[0] / size[1]))
    assert working_size(size, 1024) == large


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"steps": 1000}, {"guidance": 0.5}, {"resolution": 4096}])
def test_impossible_samplings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="expected"):
        Sampling(**wrong)
