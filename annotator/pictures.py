"""Pictures of models and fragments: lossless WebP files named by the hash of their bytes, so that none is stored twice."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from annotator.errors import DatabaseUnusable, NotFound
from data_tools.manifests import digest
from liwi.errors import ExportError
from liwi.export.atomic import new_file


class PictureStore:
    """A folder of pictures. Safe for several processes: files appear whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, rgba: NDArray[np.uint8]) -> str:
        """Keep a picture; the same pixels give the same hash.

        Args:
            rgba: (H, W, 4) uint8, straight alpha; at least one pixel, at most 16,383 on a side.

        Returns:
            SHA-256 of the file, in hexadecimal.

        Raises:
            DatabaseUnusable: the folder cannot be written, or the disk is full.
        """
        file = io.BytesIO()
        Image.fromarray(rgba).save(file, "WEBP", lossless=True, quality=20, method=1, exact=True)
        content = file.getvalue()
        sha256 = digest(content)
        path = self._place(sha256)
        if path.is_file():
            return sha256
        try:
            with new_file(path) as partial:
                partial.write_bytes(content)
        except ExportError as error:
            raise DatabaseUnusable(f"A picture cannot be kept below {self._folder.name!r}. {error}") from error
        return sha256

    def path(self, sha256: str) -> Path:
        """The file of a picture.

        Raises:
            NotFound: there is none of this name.
        """
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef") or not self._place(sha256).is_file():
            raise NotFound("There is no such picture in the workbench.")
        return self._place(sha256)

    def load(self, sha256: str) -> NDArray[np.uint8]:
        """(H, W, 4) uint8, straight alpha."""
        with Image.open(self.path(sha256)) as picture:
            return np.asarray(picture.convert("RGBA"))

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / f"{sha256}.webp"
