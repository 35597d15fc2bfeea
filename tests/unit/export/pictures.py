"""Small decompositions for the export tests: random enough to catch what smooth pictures hide."""

from dataclasses import replace

import numpy as np

from liwi.types import BoundingBox, Decomposition, Layer, LayerRole, LayerStack, Provenance

PROVENANCE = Provenance("embedded", "1", seed=7, seconds=1.25, notes=("Schatten gelöst.",))
HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "line\nbreak\ttab\x00null",
    "x" * 300,
    "👩‍👩‍👧 family 🐈",
    "前髪のレイヤー",
    "שלום עולם \u202egnp.exe",
    "",
    "same",
    "Same",
    "CON",
    "a & b \"c\" 'd' ]]> \ud800",
    "...",
    "C:\\windows\\system32",
)


def noise_layer(rng: np.random.Generator, size: tuple[int, int], name: str) -> Layer:
    """A layer with a soft blob of random colours at a random place, and colour left under alpha 0."""
    width, height = size
    rgba = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    left, top = int(rng.integers(0, width // 2 + 1)), int(rng.integers(0, height // 2 + 1))
    box = BoundingBox(left, top, left + max(1, width // 2), top + max(1, height // 2))
    inside = np.zeros((height, width), bool)
    inside[box.slices] = True
    rgba[~inside, 3] = 0
    rgba[inside & (rng.random((height, width)) < 0.4), 3] = 255
    return Layer(rgba, LayerRole.FOREGROUND, name, box=box)


def random_decomposition(
    seed: int,
    size: tuple[int, int] = (37, 29),
    names: tuple[str, ...] = ("cat", "dog"),
    *,
    background: bool = True,
    mask: bool = False,
) -> Decomposition:
    """A decomposition whose layers have nothing to do with its source: S must do all the work."""
    rng = np.random.default_rng(seed)
    width, height = size
    source = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    layers = [noise_layer(rng, size, name) for name in names]
    if background:
        back = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
        back[..., 3] = 255
        back[: height // 2, :, :3] = source[: height // 2]
        layers.insert(0, Layer(back, LayerRole.BACKGROUND, "Background"))
    alpha = rng.integers(0, 256, (height, width), dtype=np.uint8) if mask else None
    return Decomposition(source, LayerStack(tuple(layers)), PROVENANCE, alpha)


def plain_decomposition(size: tuple[int, int] = (96, 64), *, mask: bool = False) -> Decomposition:
    """A smooth picture: gradient, a disc with soft edge named ``disc``, its shadow in S, a box named ``box``."""
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    back = np.stack([60 + 120 * x / width, 80 + 100 * y / height, 200 - 90 * x / width], axis=-1)
    disc = np.clip(height / 4 - np.hypot(x - width / 3, y - height / 2), 0, 1)
    cast = 1 - 0.4 * np.clip(height / 4 - np.hypot(x - width / 2, y - height / 1.6), 0, 4) / 4
    shaded = back * cast[..., None]
    red = np.stack([np.full_like(x, 220), 40 + y, np.full_like(x, 50)], axis=-1).clip(0, 255)
    source = shaded * (1 - disc[..., None]) + red * disc[..., None]
    inside = (x > width * 0.7) & (x < width * 0.9) & (y > height * 0.2) & (y < height * 0.6)
    source[inside] = (30, 200, 90)

    def layer(colour: np.ndarray, alpha: np.ndarray, name: str, role: LayerRole = LayerRole.FOREGROUND) -> Layer:
        rgba = np.dstack([np.rint(colour), np.rint(alpha * 255)]).astype(np.uint8)
        rgba[rgba[..., 3] == 0] = 0
        return Layer(rgba, role, name, name, BoundingBox.around(rgba[..., 3]) if role is LayerRole.FOREGROUND else None)

    stack = LayerStack(
        (
            layer(back, np.ones_like(x), "background", LayerRole.BACKGROUND),
            layer(red, disc, "disc"),
            layer(np.full_like(back, (30, 200, 90)), inside, "box"),
        )
    )
    alpha = np.rint(255 * np.clip((x + 5) / 20, 0, 1)).astype(np.uint8) if mask else None
    return Decomposition(np.rint(source).astype(np.uint8), stack, PROVENANCE, alpha)


def with_state(decomposition: Decomposition, layer_id: str, **state: object) -> Decomposition:
    """The decomposition with one layer's panel state changed."""
    stack = decomposition.stack
    return decomposition.with_stack(stack.replace(replace(stack[layer_id], **state)))


def overlapping_decomposition(seed: int, size: tuple[int, int] = (61, 47)) -> Decomposition:
    """Five layers of noise over an opaque background, soft and overlapping, S large and of either sign."""
    return random_decomposition(seed, size, ("one", "two", "three", "four", "five"))
