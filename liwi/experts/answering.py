"""Who answers for a kind: the checkpoint that the registry serves, else the weights that ship with the program.

No torch here: whoever has no weights never loads it.
"""

from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from liwi.errors import LiwiError
from liwi.experts.shipped import FOLDER, has_weights, load_shipped
from liwi.registry_reading import RegistryReader
from liwi.registry_serving import Served

T = TypeVar("T")

SHIPPED = "the weights that ship with the program"


class Answer(NamedTuple, Generic[T]):
    """Who answers: the id of a checkpoint or `SHIPPED`, and what the kind's loader made of it."""

    name: str
    model: T


class Answering(Generic[T]):
    """A promotion or rollback is noticed at the next call; a call under way keeps to what it began with.

    Args:
        kind: a row of `liwi.checkpoint_kinds.KINDS`.
        registry: where a checkpoint of it is served.
        shipped: the folder of `liwi.experts.shipped`.
    """

    def __init__(self, kind: str, registry: RegistryReader, shipped: Path = FOLDER) -> None:
        self._kind, self._registry, self._shipped = kind, registry, shipped
        self._served: Served[T] = Served(registry, kind)
        self.problem = ""

    @property
    def available(self) -> bool:
        """Whether somebody would answer; loads nothing."""
        return has_weights(self._kind, self._registry, self._shipped)

    def get(self) -> Answer[T] | None:
        """Who answers now; None for nobody. May load it. What cannot be loaded is passed over, and ``problem`` says why."""
        self.problem = ""
        for source in (self._from_registry, self._from_program):
            try:
                found = source()
            except LiwiError as error:
                self.problem = str(error)
                continue
            if found is not None:
                return found
        return None

    def _from_registry(self) -> Answer[T] | None:
        holding = self._served.get()
        return None if holding is None else Answer(holding.record.id, holding.model)

    def _from_program(self) -> Answer[T] | None:
        found = load_shipped(self._kind, self._shipped)
        return None if found is None else Answer(SHIPPED, found)
