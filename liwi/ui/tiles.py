"""Layer pictures for the browser: encoded when they are asked for, under URLs that nobody can guess.

A tile's URL is ``/tiles/<project token>/<key>.webp``. The token is the permission (see `liwi.workspace`); the key changes with the pixels,
so tiles may be cached for ever. Small pictures are lossless; large ones look the same to an eye, with lossless alpha; beyond
`MAX_TILE_SIDE` they are shrunk, since the stage scales every tile to its extent.
"""

import io
import itertools
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from liwi.errors import InputError
from liwi.imaging.compositing import resize_rgba, to_uint8
from liwi.types import BoundingBox, Decomposition, Layer
from liwi.workspace import Workspace

UInt8 = NDArray[np.uint8]

MAX_TILE_SIDE = 4096
"""Longest side of a tile in pixels; larger layers are shown at half size."""

MAX_LOSSLESS_PIXELS = 2_500_000
"""Above this, lossless files take seconds and tens of megabytes to load."""

_LOSSY_QUALITY = 92

_KEPT_STEPS = 3
"""So many steps back, pictures can still be asked for: a page may just be loading what the next step replaces."""


@dataclass(eq=False)
class _Tile:
    """A picture to encode, once.

    Attributes:
        pixels: makes an (h, w, 3 or 4) uint8 array.
        anchor: the arrays it is made from. While the tile holds them no other array can have their identity.
    """

    pixels: Callable[[], UInt8]
    anchor: tuple[UInt8, ...]
    data: bytes | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def identity(self) -> tuple[int, ...]:
        return tuple(id(array) for array in self.anchor)

    def encoded(self) -> bytes:
        with self.lock:
            if self.data is None:
                self.data = encode_tile(self.pixels())
            return self.data


class TileStore:
    """The tiles of all projects of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._tiles: dict[str, dict[str, _Tile]] = {}
        self._replaced: dict[str, deque[dict[str, _Tile]]] = {}
        self._counter = itertools.count(1)
        self._lock = threading.Lock()

    def publish(self, token: str, decomposition: Decomposition, *, with_shadow: bool = True) -> dict[str, str]:
        """Give every picture of a decomposition a URL, and forget those that were replaced some steps ago.

        Returns:
            name -> URL: layer ids, the same after ``"depth-"`` where layers have a depth, ``"source"``, and ``"shadow-multiply"`` and
            ``"shadow-add"`` where S is wanted and not 0 everywhere.
        """
        mask, source = decomposition.mask, decomposition.source
        has_depth = any(layer.pseudo_depth is not None for layer in decomposition.stack)
        wanted = {"source": _Tile(partial(_with_mask, source, mask), (source,))}
        for layer in decomposition.stack:
            if layer.extent is not None:
                wanted[layer.id] = _Tile(partial(_cut_by_mask, layer.rgba, layer.extent, mask), (layer.rgba,))
                if has_depth:
                    wanted[f"depth-{layer.id}"] = _Tile(partial(_depth_of, layer, layer.extent, mask), (layer.rgba,))
        if with_shadow and decomposition.changed is not None:
            anchor = (source, *(layer.rgba for layer in decomposition.stack))
            wanted["shadow-multiply"] = _Tile(partial(_darkening, decomposition), anchor)
            wanted["shadow-add"] = _Tile(partial(_lightening, decomposition), anchor)
        return self._exchange(token, wanted)

    def add(self, token: str, name: str, pixels: UInt8) -> str:
        """Give one more picture a URL, until the project is published again.

        Args:
            token: of the project.
            name: safe in a URL.
            pixels: (h, w, 3 or 4) uint8.
        """
        with self._lock:
            key = f"{name}-{next(self._counter)}"
            self._tiles.setdefault(token, {})[key] = _Tile(lambda: pixels, (pixels,))
            return f"/tiles/{token}/{key}.webp"

    def _exchange(self, token: str, wanted: dict[str, _Tile]) -> dict[str, str]:
        """Keep the tiles whose pixels are the same as before, with their keys; replace the rest."""
        with self._lock:
            for gone in [each for each in self._tiles if not self._workspace.holds(each)]:
                del self._tiles[gone]
                self._replaced.pop(gone, None)
            before = self._tiles.get(token, {})
            known = {(key.rpartition("-")[0], tile.identity): key for key, tile in before.items()}
            shown: dict[str, _Tile] = {}
            urls: dict[str, str] = {}
            for name, tile in wanted.items():
                key = known.get((name, tile.identity))
                shown[key or f"{name}-{next(self._counter)}"] = self._tiles[token][key] if key else tile
                urls[name] = f"/tiles/{token}/{next(reversed(shown))}.webp"
            if replaced := {key: tile for key, tile in before.items() if key not in shown}:
                self._replaced.setdefault(token, deque(maxlen=_KEPT_STEPS)).append(replaced)
            self._tiles[token] = shown
            return urls

    def route(self) -> Route:
        """The Starlette route that serves the tiles."""
        return Route("/tiles/{token}/{key}.webp", self._serve, methods=["GET"])

    def _serve(self, request: Request) -> Response:
        token, key = request.path_params["token"], request.path_params["key"]
        with self._lock:
            steps = (self._tiles.get(token, {}), *self._replaced.get(token, ()))
        tile = next((step[key] for step in steps if key in step), None)
        try:
            self._workspace.get(token)
        except InputError as error:
            return PlainTextResponse(str(error), status_code=404)
        if tile is None:
            return PlainTextResponse("This layer has changed; the page will ask for the new one.", status_code=404)
        headers = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return Response(tile.encoded(), media_type="image/webp", headers=headers)


def encode_tile(pixels: UInt8) -> bytes:
    """Encode (h, w, 3 or 4) uint8 as WebP. See the module's docstring for when it is lossless."""
    longest = max(pixels.shape[:2])
    if longest > MAX_TILE_SIDE:
        rgba = pixels if pixels.shape[2] == 4 else np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
        scale = MAX_TILE_SIDE / longest
        pixels = resize_rgba(rgba, (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))))
    image = Image.fromarray(np.ascontiguousarray(pixels))
    file = io.BytesIO()
    if pixels.shape[0] * pixels.shape[1] <= MAX_LOSSLESS_PIXELS:
        image.save(file, "WEBP", lossless=True, quality=0, method=0)
    else:
        image.save(file, "WEBP", quality=_LOSSY_QUALITY, method=2)
    return file.getvalue()


def _with_mask(rgb: UInt8, mask: UInt8 | None) -> UInt8:
    return rgb if mask is None else np.dstack([rgb, mask])


def _cut_by_mask(rgba: UInt8, extent: BoundingBox, mask: UInt8 | None) -> UInt8:
    """A layer inside its extent; the outermost mask is shown by taking it off every layer's alpha."""
    pixels = rgba[extent.slices]
    if mask is None:
        return pixels[..., :3] if int(pixels[..., 3].min()) == 255 else pixels
    alpha = pixels[..., 3].astype(np.uint16) * mask[extent.slices] // 255
    return np.dstack([pixels[..., :3], alpha.astype(np.uint8)])


def _depth_of(layer: Layer, extent: BoundingBox, mask: UInt8 | None) -> UInt8:
    """A layer as grey that says how near it is, white the nearest; black where it has no depth."""
    near = np.full((extent.height, extent.width), layer.pseudo_depth or 0.0, np.float32)
    if layer.depth is not None and (common := layer.depth.box.intersect(extent)) is not None:
        own = layer.depth.box
        near[common.translate(-extent.left, -extent.top).slices] = layer.depth.values[common.translate(-own.left, -own.top).slices]
    cut = _cut_by_mask(layer.rgba, extent, mask)
    grey = np.repeat(to_uint8(near)[..., None], 3, axis=2)
    return np.dstack([grey, cut[..., 3]]) if cut.shape[2] == 4 else grey


def _darkening(decomposition: Decomposition) -> UInt8:
    """Where S is negative, the factor that takes I_c to the source: what the stage multiplies with."""
    box = _changed(decomposition)
    below = decomposition.stack.composite(box)[..., :3]
    ratio = np.divide(decomposition.source[box.slices] / np.float32(255), below, out=np.ones_like(below), where=below > 0)
    return _with_mask(to_uint8(ratio), _mask_in(decomposition, box))


def _lightening(decomposition: Decomposition) -> UInt8:
    """Where S is positive, S itself: what the stage adds."""
    box = _changed(decomposition)
    return _with_mask(to_uint8(decomposition.shadow_in(box)), _mask_in(decomposition, box))


def _changed(decomposition: Decomposition) -> BoundingBox:
    assert decomposition.changed is not None  # S is published only where it is not 0
    return decomposition.changed


def _mask_in(decomposition: Decomposition, box: BoundingBox) -> UInt8 | None:
    return None if decomposition.mask is None else decomposition.mask[box.slices]
