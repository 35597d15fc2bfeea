"""What a person chooses about a character that is taken apart. Names and numbers only, no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart
from liwi.seethrough.depth_strata import MOST_STRATA, StrataOptions

MAX_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class CharacterOptions:
    """How a character is taken apart, where an engine has a choice.

    Attributes:
        parts: layers that are made; all where None. Fewer know less of each other.
        head_pass: whether the head is looked at again, enlarged; without it the head is one layer, in about half the time.
        strata: how parts are cut by depth.
        seeds: seeds of single parts, to make one anew: the others' noise stays what it was. Unless ``parts`` are named, only the passes
            that these are in are made.
    """

    parts: frozenset[BodyPart] | None = None
    head_pass: bool = True
    strata: StrataOptions = field(default_factory=StrataOptions)
    seeds: Mapping[BodyPart, int] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if self.parts is not None and not self.parts:
            raise InputError("Choose at least one body part to be made.")
        if any(not 0 <= seed <= MAX_SEED for seed in self.seeds.values()):
            raise InputError(f"A seed is a whole number from 0 to {MAX_SEED}.")


def parse_options(parts: Sequence[str], *, head_pass: bool, strata: str, footwear: bool) -> CharacterOptions | None:
    """What a person wrote on the command line.

    Args:
        parts: values of `BodyPart`; all where there is none.
        head_pass, footwear: see `CharacterOptions` and `StrataOptions`.
        strata: how many strata a part is cut into, 1 to `MOST_STRATA`, or "auto".

    Returns:
        None where every choice is the usual one.

    Raises:
        InputError: there is no such part, or no such number; says which there are.
    """
    if unknown := [name for name in parts if name not in set(BodyPart)]:
        raise InputError(f"There is no body part {unknown[0]!r}; there are {', '.join(BodyPart)}.")
    if strata not in ("auto", *(str(count) for count in range(1, MOST_STRATA + 1))):
        raise InputError(f"A part is cut into 1 to {MOST_STRATA} strata, or as many as its depth shows ('auto'), got {strata!r}.")
    count = None if strata == "auto" else int(strata)
    chosen = frozenset(map(BodyPart, parts)) or None
    options = CharacterOptions(chosen, head_pass, StrataOptions(count, footwear=footwear))
    return None if options == CharacterOptions() else options


def tags_of(parts: frozenset[BodyPart] | None, known: tuple[str, ...]) -> frozenset[str] | None:
    """What a network that knows these tags is to make: a class of version 3 that it does not know is in its class of version 2.

    Raises:
        InputError: none of the parts is known.
    """
    if parts is None:
        return None
    tags = {part.value if part.value in known else part.coarse.value for part in parts} & set(known)
    if not tags:
        raise InputError(f"The model makes none of these parts. It makes {', '.join(known)}.")
    return frozenset(tags)


def part_of(tag: str) -> BodyPart | CoarseBodyPart:
    """The class of a tag: of version 3 where it is one, else of version 2."""
    return BodyPart(tag) if tag in set(BodyPart) else CoarseBodyPart(tag)
