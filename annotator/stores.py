"""What the workbench keeps in folders beside its database: the pictures of models and fragments, and the models' own files."""

from dataclasses import dataclass
from pathlib import Path

from annotator.model_files import ModelStore
from annotator.pictures import PictureStore


@dataclass(frozen=True, slots=True)
class Stores:
    """Both folders; imports fill them, exports read them."""

    pictures: PictureStore
    models: ModelStore

    @classmethod
    def below(cls, folder: Path) -> "Stores":
        """The stores in a workbench's data folder, which need not exist yet."""
        return cls(PictureStore(folder / "pictures"), ModelStore(folder / "models"))
