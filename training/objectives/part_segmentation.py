"""The part segmentation objective (paper 2, section 3.1.3 and appendix C.1): which of 19 body parts each pixel of a figure shows.

One objective for two networks: the compact one, and the paper's with a ViT and a pair of MLPs per class. Loss: cross-entropy of independent
classes and dice, either at every pixel or, as the paper and SAM-HQ do, at points that are mostly where the network is unsure.
"""

import colorsys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from data_tools.character_dataset import Split
from data_tools.manifests import DatasetError
from data_tools.parts.dataset import NOTHING, UNKNOWN, never_labelled, read_manifest, read_pictures
from liwi.experts.part_checkpoint import NETWORKS, load_network
from liwi.experts.part_sam import PartSam
from liwi.experts.part_sam_files import adopt
from liwi.experts.weights import save_weights
from liwi.limits import OneOf, Range
from liwi.seethrough.body_parts import CoarseBodyPart
from training.errors import JobError
from training.job import Job, read_table
from training.objectives.part_augmentation import Augmentation, augment, draw, plain
from training.part_counts import PartCounts

NUM_CLASSES = len(CoarseBodyPart)

_EVALUATION_BATCH = 8
_PICTURES = 6
_OVERSAMPLING, _UNSURE = 3, 0.75
"""Of three points drawn by chance one is taken, three quarters of them where the network is least sure; the rest by chance."""


@dataclass(frozen=True, slots=True)
class PartModel:
    """What the job's table ``[model]`` says beside the settings of the network.

    Attributes:
        kind: which network: the compact one, or "sam_hq", the paper's.
        start_from: weights to begin with: the folder of a checkpoint of this program, or a published file for "sam_hq"; empty for none.
    """

    kind: Annotated[str, OneOf(*NETWORKS)] = "compact"
    start_from: str = ""


@dataclass(frozen=True, slots=True)
class PartData(Augmentation):
    """The job's table ``[data]``.

    Attributes:
        points: how many points of each class the loss is taken at; 0: every pixel.
        entropy: how much cross-entropy counts beside dice; it is a mean over classes.
        exclusive: how much it counts that of all classes the one that a pixel of the figure shows is the likeliest; 0 as in the paper.
        decoded: whether all pictures are kept decoded, 5 bytes a pixel.
        train_encoder: whether the image encoder of "sam_hq" learns, too.
        evaluation_samples: at most so many held-out pictures are measured.
    """

    points: Annotated[int, Range(0, 1_000_000)] = 0
    entropy: Annotated[float, Range(0, 1000)] = 1.0
    exclusive: Annotated[float, Range(0, 1000)] = 0.0
    decoded: bool = True
    train_encoder: bool = True
    evaluation_samples: Annotated[int, Range(1)] = 512


class PartSegmentationObjective:
    """`training.objectives.Objective` for the part networks."""

    kind = "part_segmentation"
    metric = "mean_iou"
    lower_is_better = frozenset[str]()

    @staticmethod
    def tables(model: Mapping[str, Any]) -> Mapping[str, tuple[type, ...]]:
        """See `training.objectives.tables_of`."""
        network = NETWORKS.get(str(model.get("kind", "compact")))
        return {"model": (PartModel, *([network.settings] if network else [])), "data": (PartData,)}

    def __init__(self, job: Job) -> None:
        own = {key: value for key, value in job.model.items() if key in ("kind", "start_from")}
        chosen = read_table(PartModel, own, "model")
        self._format = NETWORKS[chosen.kind]
        self._start_from = Path(chosen.start_from) if chosen.start_from else None
        self._settings: Any = read_table(self._format.settings, {key: job.model[key] for key in job.model if key not in own}, "model")
        if self._start_from and chosen.kind == "compact":
            self._start(self._format.network(self._settings))  # what cannot be started from is said now, not after the data were read
        self._data = read_table(PartData, job.data, "data")
        self._dataset = Path(job.dataset)
        self._manifest = read_manifest(self._dataset)
        side = self._manifest["side"]
        if side != self._settings.side:
            raise JobError(f"The key 'model.side' is {self._settings.side}, and the pictures of {job.dataset} have {side}.")
        self._check_labels()
        self._training = read_pictures(self._dataset, Split.TRAIN, decoded=self._data.decoded)
        self._held_out = read_pictures(self._dataset, Split.VALIDATION, decoded=self._data.decoded, most=self._data.evaluation_samples)

    def _check_labels(self) -> None:
        """Somebody has to have labelled something, on both sides of the split."""
        for split in (Split.TRAIN, Split.VALIDATION):
            missing = never_labelled(self._manifest, split)
            if missing is not None and len(missing) == NUM_CLASSES and self._manifest["pictures"].get(split.value):
                raise DatasetError(
                    f"Nobody has labelled anything in the pictures of {self._dataset} for {split.value!r}. "
                    "Label some of these characters, export them, and make the dataset again."
                )

    @property
    def remarks(self) -> tuple[str, ...]:
        """Classes that cannot be learned, or not be measured, because nobody has labelled them."""
        purposes = {Split.TRAIN: "learned", Split.VALIDATION: "measured"}
        found = [(purpose, never_labelled(self._manifest, split)) for split, purpose in purposes.items()]
        return tuple(f"Cannot be {purpose}, since nobody has labelled it: {', '.join(missing)}." for purpose, missing in found if missing)

    @property
    def num_samples(self) -> int:
        """Training pictures."""
        return len(self._training)

    def build(self) -> nn.Module:
        """A fresh network of the job's kind, or one with the weights that it starts from."""
        network: nn.Module = self._format.network(self._settings)
        if isinstance(network, PartSam):
            network.encoder.requires_grad_(self._data.train_encoder)
        if self._start_from:
            self._start(network)
        return network

    def _start(self, network: nn.Module) -> None:
        """Take over the weights that the job starts from: a file that others published, or a folder with a checkpoint of this program."""
        assert self._start_from is not None  # the caller has looked
        if self._start_from.is_dir():
            found: Any = load_network(self._start_from)
            if type(found) is not type(network) or found.settings != self._settings:
                raise JobError(
                    f"The checkpoint in {self._start_from.name!r}, which the key 'model.start_from' names, is of another network: "
                    f"{found.settings}. Give the table [model] these values."
                )
            network.load_state_dict(found.state_dict())
        elif isinstance(network, PartSam):
            adopt(network, self._start_from)
        else:
            raise JobError(
                "The key 'model.start_from' names a file, which only the kind \"sam_hq\" starts from. Name the folder of a checkpoint: "
                "the 'export' of a run, or one in the registry."
            )

    def batch(self, indices: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Tensor]:
        """Pictures and labels as they are stored, and the chance by which `loss` changes them."""
        rgba, labels = self._training.read(indices)
        return {**_stored(rgba, labels), **draw(len(indices), self._data, rng)}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Cross-entropy and dice; see the module's text."""
        rgb, alpha, labels = augment(batch["rgba"], batch["labels"], batch)
        logits = model(rgb, alpha).float()
        which = torch.zeros((), device=logits.device)
        if self._data.exclusive:
            shown = torch.where(labels < NUM_CLASSES, labels, -1)
            which = functional.cross_entropy(logits, shown, ignore_index=-1, reduction="sum") / (shown >= 0).sum().clamp(min=1)
        if self._data.points:
            logits, truth, known = _at_points(logits, labels, self._data.points)
        else:
            truth, known = _truth(labels).flatten(2), (labels != UNKNOWN).float().flatten(1)[:, None]
            logits = logits.flatten(2)
        entropy = (functional.binary_cross_entropy_with_logits(logits, truth, reduction="none") * known).mean()
        answer = torch.sigmoid(logits) * known
        overlap, total = 2 * (answer * truth).sum(-1), (answer + truth * known).sum(-1)
        dice = (1 - (overlap + 1) / (total + 1)).mean()
        total_loss = self._data.entropy * entropy + self._data.exclusive * which + dice
        return {"loss": total_loss, "entropy": entropy, "dice": dice, "exclusive": which}

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """`PartCounts.metrics` of the held-out pictures, each seen once, before grey."""
        counts = PartCounts()
        for first in range(0, len(self._held_out), _EVALUATION_BATCH):
            places = np.arange(first, min(first + _EVALUATION_BATCH, len(self._held_out)))
            _, labels, answer = self._ask(model, places)
            for place, shown, guessed in zip(places, labels, answer, strict=True):
                counts.add(self._held_out.frames[place], shown, guessed)
        return counts.metrics()

    @torch.no_grad()
    def pictures(self, model: nn.Module) -> dict[str, NDArray[np.uint8]]:
        """Some held-out pictures, one below the other: picture, answer and truth from left to right, each class in a colour of its own."""
        places = np.linspace(0, len(self._held_out) - 1, min(len(self._held_out), _PICTURES)).round().astype(np.int64)
        rgb, labels, answer = self._ask(model, places)
        colors = np.array([colorsys.hsv_to_rgb(0.381966 * number % 1, 0.75, 1 - 0.25 * (number % 3)) for number in range(NUM_CLASSES)])
        table = np.zeros((NOTHING + 1, 3), np.uint8)
        table[:NUM_CLASSES] = (colors * 255).round()
        guessed = np.where(labels == NOTHING, NOTHING, answer)
        shown = (rgb.permute(0, 2, 3, 1).float().cpu().numpy() * 255).round().astype(np.uint8)
        return {"held_out": np.concatenate(np.concatenate([shown, table[guessed], table[labels]], axis=2))}

    def _ask(self, model: nn.Module, places: NDArray[np.int64]) -> tuple[Tensor, NDArray[np.int64], NDArray[np.int64]]:
        """Held-out pictures before grey (B, 3, S, S), their labels, and the likeliest class of every pixel (B, S, S)."""
        device = next(model.parameters()).device
        chance = {name: value.to(device) for name, value in plain(len(places)).items()}
        stored = _stored(*self._held_out.read(places))
        rgb, alpha, labels = augment(stored["rgba"].to(device), stored["labels"].to(device), chance)
        return rgb, labels.cpu().numpy(), model(rgb, alpha).argmax(dim=1).cpu().numpy()

    def export(self, model: nn.Module, folder: Path, facts: Mapping[str, object]) -> None:
        """Half-precision weights and their description, as `liwi.experts.part_checkpoint` loads them."""
        made_of = {key: self._manifest.get(key) for key in ("licence", "pictures", "characters")}
        save_weights(model, folder / "part_segmentation", {**facts, "dataset": made_of}, self._format)


def _stored(rgba: NDArray[np.uint8], labels: NDArray[np.uint8]) -> dict[str, Tensor]:
    return {"rgba": torch.from_numpy(np.ascontiguousarray(rgba.transpose(0, 3, 1, 2))), "labels": torch.from_numpy(labels)}


def _truth(labels: Tensor) -> Tensor:
    """(B, H, W) labels as one mask per class: (B, K, H, W) float."""
    classes = torch.arange(NUM_CLASSES, device=labels.device).view(1, -1, 1, 1)
    return (labels[:, None] == classes).float()


def _at_points(logits: Tensor, labels: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Log-odds, truth and whether it is known, at ``count`` points of every class of every picture: (B, K, count) each."""
    batch, classes = logits.shape[:2]
    flat, height, width = logits.reshape(batch * classes, 1, *logits.shape[2:]), *labels.shape[1:]
    with torch.no_grad():
        many = torch.rand(batch * classes, _OVERSAMPLING * count, 2, device=logits.device)
        unsure = _sample(flat, many).abs().topk(int(_UNSURE * count), dim=1, largest=False).indices
        chosen = torch.gather(many, 1, unsure[..., None].expand(-1, -1, 2))
        points = torch.cat([chosen, torch.rand(batch * classes, count - chosen.shape[1], 2, device=logits.device)], dim=1)
        places = (points * torch.tensor([width, height], device=points.device)).long()
        found = (
            labels.flatten(1).repeat_interleave(classes, 0).gather(1, places[..., 1] * width + places[..., 0]).view(batch, classes, count)
        )
        truth = (found == torch.arange(classes, device=found.device).view(1, -1, 1)).float()
    return _sample(flat, points).view(batch, classes, count), truth, (found != UNKNOWN).float()


def _sample(planes: Tensor, points: Tensor) -> Tensor:
    """Planes (N, 1, H, W) at points (N, P, 2) in [0, 1]: (N, P)."""
    return functional.grid_sample(planes, points[:, :, None] * 2 - 1, align_corners=False)[:, 0, :, 0]
