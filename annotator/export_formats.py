"""The formats in which labels leave the workbench.

* *labels*: ``<model>.json`` for `data_tools.live2d.labels`, which ``data_tools live2d samples`` takes. Where the files of two models
  have one name, ``<folder>/labels.json`` instead, after the folder that the model lies in.
* *dataset*: the same below ``labels``, and the models' own files below ``models``: ``live2d samples OUT/models OUT/labels``.
* *see-through*: ``<model>/body_parsing.json``; knows no sides, no "nothing", no order of drawing and no pieces: a fragment that was cut
  has its own label alone, and `RECORD` says how many pieces were left out.
* *coco*: ``annotations.json`` with one annotation per fragment or piece (box, area, mask as run lengths) and the drawn models below
  ``images``.
* *csv*: one row per label, then one per piece of it with its number and outline. A cell that a spreadsheet would run as a formula begins
  with an apostrophe.

Beside them lies `RECORD`, with the hash of the labels.
"""

import csv
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from annotator.drawing import SEEN_SHARE
from annotator.label_files import SEE_THROUGH_LABELS, see_through_document
from annotator.pictures import PictureStore
from annotator.pieces import box_of, share_out
from annotator.schema import Model, ModelArtMesh
from annotator.stores import Stores
from annotator.values import LabelValue
from data_tools.live2d.labels import OWN_LABELS, VERSION
from data_tools.live2d.pieces import pieces_json
from data_tools.manifests import encode_document
from liwi.errors import ExportError
from liwi.seethrough.body_parts import BodyPart, TaxonomyVersion

RECORD = "export.jsonl"
CSV_COLUMNS = (
    *("model", "model_sha256", "art_mesh", "part_path", "part", "side", "order", "unsure", "comment", "annotator", "milliseconds"),
    *("piece", "outline"),
)
_UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*]')
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ExportFormat(StrEnum):
    """In which form labels leave."""

    LABELS = "labels"
    DATASET = "dataset"
    """Labels together with the models' own files."""
    SEE_THROUGH = "see-through"
    COCO = "coco"
    CSV = "csv"

    @property
    def needs_files(self) -> bool:
        """Whether only models can leave in it whose own files are kept."""
        return self is ExportFormat.DATASET

    @property
    def knows_pieces(self) -> bool:
        """Whether it can say that several parts of a fragment are different things."""
        return self is not ExportFormat.SEE_THROUGH


@dataclass(frozen=True, slots=True)
class ExportedLabel:
    """A label that counts: of which ArtMesh, by whom, when (milliseconds since 1970)."""

    mesh: ModelArtMesh
    value: LabelValue
    annotator: str
    at: int


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """A model with its labels, in the order of the file."""

    row: Model
    accepted: bool
    labels: tuple[ExportedLabel, ...]

    def labels_key(self) -> list[tuple[object, ...]]:
        """What the labels say, sorted: id, part, side, the order of drawing where somebody moved it, the pieces where there are any."""
        rows = sorted(((label.mesh.mesh_id, label.value) for label in self.labels), key=lambda row: row[0])
        return [(name, value.part, value.side, *_rarely_said(value)) for name, value in rows]


Writer = Callable[[list[ExportedModel], Path, Stores], None]


def write_labels(models: list[ExportedModel], folder: Path, _: Stores) -> None:
    """Our own label files."""
    shared = _shared_stems(models)
    for model in models:
        row = model.row
        place = folder / _safe(row.folder) / OWN_LABELS if row.stem.casefold() in shared else folder / f"{_safe(row.stem)}.json"
        _new_file(place, model)
        meshes = {label.mesh.mesh_id: _entry(label.value) for label in model.labels}
        document = {"version": VERSION, "taxonomy": TaxonomyVersion.V3.value, "model_sha256": row.sha256, "art_meshes": meshes}
        place.write_bytes(encode_document(document))


def write_dataset(models: list[ExportedModel], folder: Path, stores: Stores) -> None:
    """Our own label files in ``labels``, and the models' own in ``models``, so that `data_tools.live2d.labels.find_models` pairs them."""
    write_labels(models, folder / "labels", stores)
    shared = _shared_stems(models)
    for model in models:
        row = model.row
        place = folder / "models" / (_safe(row.folder) if row.stem.casefold() in shared else "") / f"{_safe(row.stem)}.zip"
        _new_file(place, model)
        shutil.copyfile(stores.models.path(row.sha256), place)


def write_see_through(models: list[ExportedModel], folder: Path, _: Stores) -> None:
    """See-through's label files."""
    for model in models:
        place = folder / _safe(model.row.stem) / SEE_THROUGH_LABELS
        _new_file(place, model)
        values = {label.mesh: label.value for label in model.labels}
        boxes = [box_of(label.mesh) for label in model.labels if label.mesh.left is not None and label.value.part is not None]
        corners = np.array(boxes or [(0, 0, 0, 0)])
        low, high = corners[:, :2].min(axis=0).tolist(), corners[:, 2:].max(axis=0).tolist()
        document = see_through_document(
            values, valid=model.row.valid, incomplete=model.row.incomplete, cleaned=model.accepted, box=(low[0], low[1], high[0], high[1])
        )
        place.write_bytes(encode_document(document))


def write_coco(models: list[ExportedModel], folder: Path, stores: Stores) -> None:
    """COCO object detection, with masks; fragments overlap, as they are complete behind what covers them."""
    (folder / "images").mkdir()
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for number, model in enumerate(models, 1):
        name, row = f"images/{number:05d}.webp", model.row
        shutil.copyfile(stores.pictures.path(row.picture), folder / name)
        images.append({"id": number, "file_name": name, "width": row.width, "height": row.height, "model_sha256": row.sha256})
        for label in model.labels:
            said = (label.value.part, *(piece.part for piece in label.value.pieces))
            if label.mesh.picture is not None and any(said):
                annotations += _annotations(label, number, len(annotations) + 1, (row.width, row.height), stores.pictures)
    categories = [{"id": part.class_index + 1, "name": part.value, "supercategory": part.coarse.value} for part in BodyPart]
    document = {"info": {"description": "Body parts of Live2D ArtMeshes"}, "images": images, "annotations": annotations}
    (folder / "annotations.json").write_text(json.dumps({**document, "categories": categories}), "utf-8")


def write_csv(models: list[ExportedModel], folder: Path, _: Stores) -> None:
    """One row per label, and one per piece."""
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS)
        for model in models:
            for label in model.labels:
                value = label.value
                said = [(value.part, value.side, "", "")]
                said += [(one.part, one.side, str(place), json.dumps(one.polygon)) for place, one in enumerate(value.pieces, 1)]
                for part, side, piece, outline in said:
                    row = [model.row.name, model.row.sha256, label.mesh.mesh_id, label.mesh.part_path, part or "", side or ""]
                    row += ["" if value.order is None else str(value.order), str(int(value.unsure)), value.comment, label.annotator]
                    row += [str(label.at), piece, outline]
                    writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])


WRITERS: Mapping[ExportFormat, Writer] = {
    ExportFormat.LABELS: write_labels,
    ExportFormat.DATASET: write_dataset,
    ExportFormat.SEE_THROUGH: write_see_through,
    ExportFormat.COCO: write_coco,
    ExportFormat.CSV: write_csv,
}
"""Which function writes which format into an empty folder."""


def run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """Lengths of runs of 0 and 1 in turn, column by column, beginning with 0: COCO's uncompressed masks.

    Args:
        mask: (H, W) bool.
    """
    flat = mask.ravel(order="F").astype(np.int8)
    edges = np.flatnonzero(np.diff(flat)) + 1
    lengths: list[int] = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return [0, *lengths] if flat.size and flat[0] else lengths


def _entry(value: LabelValue) -> dict[str, object]:
    entry: dict[str, object] = {"part": value.part, "side": value.side}
    if value.order is not None:
        entry["order"] = value.order
    if value.pieces:
        entry["pieces"] = pieces_json(value.pieces)
    return entry


def _rarely_said(value: LabelValue) -> list[object]:
    order: list[object] = [] if value.order is None else [value.order]
    return [*order, pieces_json(value.pieces)] if value.pieces else order


def _annotations(
    label: ExportedLabel, image_id: int, number: int, size: tuple[int, int], pictures: PictureStore
) -> Iterator[dict[str, object]]:
    """What a fragment is, and what each of its pieces is; ``piece`` is 0 for what is left of one that was cut, null for a whole one."""
    mesh, value = label.mesh, label.value
    left, top, right, bottom = box_of(mesh)
    alpha = pictures.load(str(mesh.picture))[..., 3] >= SEEN_SHARE
    masks = share_out(alpha, mesh, value.pieces, size)
    classes = [(value.part, value.side), *((piece.part, piece.side) for piece in value.pieces)]
    for place, (part, side) in enumerate(classes):
        if part is None or (value.pieces and place not in masks):
            continue
        own = masks[place]
        box = (left, top, right, bottom) if not value.pieces else _around(own, left, top)
        mask = np.zeros((size[1], size[0]), np.bool_)
        mask[top:bottom, left:right] = own
        yield {
            "id": number,
            "image_id": image_id,
            "category_id": part.class_index + 1,
            "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
            "area": int(own.sum()),
            "iscrowd": 0,
            "segmentation": {"size": [size[1], size[0]], "counts": run_lengths(mask)},
            "art_mesh": mesh.mesh_id,
            "piece": place if value.pieces else None,
            "side": side,
            "order": value.order,
        }
        number += 1


def _around(mask: NDArray[np.bool_], left: int, top: int) -> tuple[int, int, int, int]:
    """The box around the pixels of a mask, which has some, whose corner lies at (left, top)."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return left + int(columns[0]), top + int(rows[0]), left + int(columns[-1]) + 1, top + int(rows[-1]) + 1


def _shared_stems(models: list[ExportedModel]) -> set[str]:
    """Names that several models have; the folders that they came from tell these apart."""
    return {stem for stem, count in Counter(model.row.stem.casefold() for model in models).items() if count > 1}


def _safe(name: str) -> str:
    """A file name that every system takes and that stays in its folder; most names stay as they are."""
    cleaned = _UNSAFE.sub("_", name)[:100].strip(" .")
    return cleaned or "model"


def _new_file(place: Path, model: ExportedModel) -> None:
    if place.exists():
        raise ExportError(
            f"Two models would share the label file {place.name!r}: {model.row.name!r} is the second. Rename its folder, import it again."
        )
    place.parent.mkdir(parents=True, exist_ok=True)
