"""The table of engines, and the one place that decides which of them answers.

``auto`` takes the first engine of `ENGINES` whose needs are all met. An engine that is named never falls back: `EngineUnavailable` says
what is missing and how to supply it.
"""

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from liwi.errors import EngineUnavailable
from liwi.protocols import Decomposer

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """One row of the table.

    Attributes:
        factory: ``"module:callable"``, imported only when the engine is wanted.
        needs: import names of the packages it cannot do without.
        description: one sentence for a person who chooses.
        weights: the kind of checkpoint it cannot do without, see `liwi.checkpoint_kinds`; empty for none.
        lacking: ``"module:function"`` that says in words what else is missing here, without torch; empty for nothing.
    """

    factory: str
    needs: tuple[str, ...]
    description: str
    weights: str = ""
    lacking: str = ""


ENGINES: dict[str, EngineEntry] = {
    "liwi": EngineEntry(
        factory="liwi.engines.layered_diffusion:create",
        needs=("cv2", "torch", "diffusers", "transformers"),
        description="The layered diffusion model (paper 1): layers, what they hide, and the shadow. A GPU, except for tiny checkpoints.",
        weights="layering",
        lacking="liwi.layering.readiness:missing",
    ),
    "embedded": EngineEntry(
        factory="liwi.engines.embedded:create",
        needs=("cv2", "scipy", "pymatting", "patchmatch"),
        description="Classical vision and a small network on the CPU: colour models, closed-form matting, PatchMatch. No download, no GPU.",
    ),
    "seethrough": EngineEntry(
        factory="liwi.engines.seethrough:create",
        needs=("cv2", "scipy", "pymatting", "torch", "diffusers"),
        description="The part diffusion (paper 2): complete body parts of one character; by name only. A GPU, except for tiny checkpoints.",
        weights="part_diffusion",
        lacking="liwi.seethrough.readiness:missing",
    ),
    "character": EngineEntry(
        factory="liwi.engines.character:CharacterDecomposer",
        needs=("cv2", "scipy", "pymatting", "torch"),
        description="Body-part layers of one illustrated character, completed where they are hidden. Runs on the CPU; by name only.",
        weights="part_segmentation",
    ),
}
"""Best first; ``auto`` reads it from the top, and takes only what works on any picture."""

_GENERAL = ("liwi", "embedded")
"""What ``auto`` chooses from."""

CHARACTERS = ("seethrough", "character")
"""What the same choice is made from where the picture is known to be of a character."""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which engine answers, and why: shown to the person."""

    name: str
    reason: str


def missing_needs(name: str) -> tuple[str, ...]:
    """What engine ``name`` lacks here, packages and weights; empty when it can run."""
    entry = _entry(name)
    missing = [package for package in entry.needs if importlib.util.find_spec(package) is None]
    if entry.weights and not weights_are_there(entry.weights):
        missing.append(f"weights of the kind {entry.weights!r}")
    elif entry.lacking:
        missing += _find(entry.lacking)()
    return tuple(missing)


def weights_are_there(kind: str) -> bool:
    """Whether the registry that the environment names serves this kind. Loads nothing."""
    from liwi.registry_serving import served_here

    return served_here(kind).available


def choose_engine(name: str = AUTO, among: Sequence[str] = _GENERAL) -> EngineChoice:
    """Resolve ``"auto"`` or check a named engine.

    Args:
        name: of an engine, or `AUTO`.
        among: what ``auto`` chooses from, best first.

    Raises:
        EngineUnavailable: the named engine is unknown or lacks something here, or no engine at all can run.
    """
    if name != AUTO:
        missing = missing_needs(name)
        if missing:
            raise EngineUnavailable(f"The engine {name!r} cannot run here: missing {', '.join(missing)}. {_remedy(name, missing)}")
        return EngineChoice(name, "chosen by name")
    for candidate in among:
        if not missing_needs(candidate):
            return EngineChoice(candidate, "the best engine whose needs are met on this computer")
    raise EngineUnavailable("No engine can run here. Install with: pip install -r requirements.txt")


def create_engine(name: str = AUTO, among: Sequence[str] = _GENERAL) -> Decomposer:
    """Build the engine that `choose_engine` resolves ``name`` to."""
    engine: Decomposer = _find(_entry(choose_engine(name, among).name).factory)()
    return engine


def _find(name: str) -> Callable[[], Any]:
    """The callable that ``"module:callable"`` names."""
    module, _, attribute = name.partition(":")
    found: Callable[[], Any] = getattr(importlib.import_module(module), attribute)
    return found


def _remedy(name: str, missing: tuple[str, ...]) -> str:
    """What to do about what an engine lacks."""
    if any(package in missing for package in _entry(name).needs):
        return "Install with: pip install -r requirements.txt"
    kind = _entry(name).weights
    if not any(kind in each for each in missing):
        return "Take another engine (python -m liwi engines), or promote a smaller checkpoint."
    return f"Train some (python -m training run training/jobs/{kind}_tiny.toml) and promote them (python -m liwi checkpoints promote)."


def _entry(name: str) -> EngineEntry:
    if name not in ENGINES:
        raise EngineUnavailable(f"There is no engine {name!r}. Engines: {', '.join((AUTO, *ENGINES))}.")
    return ENGINES[name]
