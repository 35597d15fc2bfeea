"""The files of imported models: one ZIP each, named by what tells models apart, so that samples can be made where nobody has the folder."""

from pathlib import Path

from annotator.errors import DatabaseUnusable, NotFound
from data_tools.live2d.packing import pack_model
from liwi.errors import ExportError
from liwi.export.atomic import new_file


class ModelStore:
    """A folder of packed models. Safe for several processes: files appear whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, path: Path, sha256: str) -> None:
        """Keep a model's files, unless they are kept already.

        Args:
            path: of the model, see `data_tools.live2d.sources.open_source`.
            sha256: of the model, see `data_tools.live2d.labels.ModelIdentity`.

        Raises:
            InputError: the model cannot be read.
            DatabaseUnusable: the folder cannot be written, or the disk is full.
        """
        place = self._place(sha256)
        if place.is_file():
            return
        try:
            with new_file(place) as partial:
                pack_model(path, partial)
        except ExportError as error:
            raise DatabaseUnusable(f"The model cannot be kept below {self._folder.name!r}. {error}") from error

    def holds(self, sha256: str) -> bool:
        """Whether the files of this model are kept."""
        return self._place(sha256).is_file()

    def path(self, sha256: str) -> Path:
        """The ZIP of a model.

        Raises:
            NotFound: its files were never kept.
        """
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef") or not self._place(sha256).is_file():
            raise NotFound("The files of this model are not in the workbench. Import the model again: its labels stay.")
        return self._place(sha256)

    def _place(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.zip"
