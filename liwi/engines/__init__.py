"""The table of engines, and the one place that decides which of them answers.

``auto`` takes the first engine of `ENGINES` whose needs are all met. An engine that is named never falls back: `EngineUnavailable` says
what is missing and how to supply it.
"""

import importlib
import importlib.util
from dataclasses import dataclass

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
    """

    factory: str
    needs: tuple[str, ...]
    description: str


ENGINES: dict[str, EngineEntry] = {
    "embedded": EngineEntry(
        factory="liwi.engines.embedded:EmbeddedDecomposer",
        needs=("cv2", "scipy", "pymatting", "patchmatch"),
        description="Classical vision on the CPU: colour models, closed-form matting, PatchMatch. Needs no weights and no GPU.",
    ),
}
"""Best first; ``auto`` reads it from the top."""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which engine answers, and why: shown to the person."""

    name: str
    reason: str


def missing_needs(name: str) -> tuple[str, ...]:
    """The packages that engine ``name`` lacks here; empty when it can run."""
    return tuple(package for package in _entry(name).needs if importlib.util.find_spec(package) is None)


def choose_engine(name: str = AUTO) -> EngineChoice:
    """Resolve ``"auto"`` or check a named engine.

    Raises:
        EngineUnavailable: the named engine is unknown or lacks something here, or no engine at all can run.
    """
    if name != AUTO:
        missing = missing_needs(name)
        if missing:
            raise EngineUnavailable(
                f"The engine {name!r} cannot run here: missing {', '.join(missing)}. Install with: pip install -r requirements.txt"
            )
        return EngineChoice(name, "chosen by name")
    for candidate in ENGINES:
        if not missing_needs(candidate):
            return EngineChoice(candidate, "the best engine whose needs are met on this computer")
    raise EngineUnavailable("No engine can run here. Install with: pip install -r requirements.txt")


def create_engine(name: str = AUTO) -> Decomposer:
    """Build the engine that `choose_engine` resolves ``name`` to."""
    module, _, factory = _entry(choose_engine(name).name).factory.partition(":")
    engine: Decomposer = getattr(importlib.import_module(module), factory)()
    return engine


def _entry(name: str) -> EngineEntry:
    if name not in ENGINES:
        raise EngineUnavailable(f"There is no engine {name!r}. Engines: {', '.join((AUTO, *ENGINES))}.")
    return ENGINES[name]
