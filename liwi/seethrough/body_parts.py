"""The body parts that a character is taken apart into: two taxonomies, fixed once and for all (paper 2, section 3.2).

The order of each class list is part of the file formats: it is the class index of the segmentation head, the frame order
of the part diffusion and of the depth estimation, and the index in every label mask on disk. So the members stand in that
order, are never reordered, and a change would be a new taxonomy with a new version.

* Version 2, 19 classes, `CoarseBodyPart`: the list of the paper.
* Version 3, 23 classes, `BodyPart`: hair is cut into front and back, eyes into irides, brow, white and lash. Labels are
  stored in this one, since `COARSE_OF` takes it to version 2 without loss of meaning.

What a few of the classes mean, because their names do not say it: *handwear* is the arm with hand and sleeve, *legwear*
the leg with its skin, *topwear* includes the bare torso, *ears* includes an animal's ears, *objects* are held things.

Nothing here loads torch or a picture.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from liwi.errors import InputError


class BodyPart(StrEnum):
    """Version 3: 23 classes in the order of their index. The value is the tag, with a space, as files spell it."""

    FRONT_HAIR = "front hair"
    BACK_HAIR = "back hair"
    HEADWEAR = "headwear"
    FACE = "face"
    IRIDES = "irides"
    EYEBROW = "eyebrow"
    EYEWHITE = "eyewhite"
    EYELASH = "eyelash"
    EYEWEAR = "eyewear"
    EARS = "ears"
    EARWEAR = "earwear"
    NOSE = "nose"
    MOUTH = "mouth"
    NECK = "neck"
    NECKWEAR = "neckwear"
    TOPWEAR = "topwear"
    HANDWEAR = "handwear"
    BOTTOMWEAR = "bottomwear"
    LEGWEAR = "legwear"
    FOOTWEAR = "footwear"
    TAIL = "tail"
    WINGS = "wings"
    OBJECTS = "objects"

    @property
    def class_index(self) -> int:
        """Class index, 0 to 22."""
        return _FINE_INDEX[self]

    @property
    def coarse(self) -> "CoarseBodyPart":
        """The class of version 2 that holds this one."""
        return COARSE_OF[self]


class CoarseBodyPart(StrEnum):
    """Version 2: the 19 classes of the paper in the order of their index."""

    HAIR = "hair"
    HEADWEAR = "headwear"
    FACE = "face"
    EYES = "eyes"
    EYEWEAR = "eyewear"
    EARS = "ears"
    EARWEAR = "earwear"
    NOSE = "nose"
    MOUTH = "mouth"
    NECK = "neck"
    NECKWEAR = "neckwear"
    TOPWEAR = "topwear"
    HANDWEAR = "handwear"
    BOTTOMWEAR = "bottomwear"
    LEGWEAR = "legwear"
    FOOTWEAR = "footwear"
    TAIL = "tail"
    WINGS = "wings"
    OBJECTS = "objects"

    @property
    def class_index(self) -> int:
        """Class index, 0 to 18."""
        return _COARSE_INDEX[self]


AnyBodyPart = BodyPart | CoarseBodyPart
"""What a layer may be: a class of version 3, or one of version 2 that nobody has cut up."""

LAYER_PARTS: tuple[AnyBodyPart, ...] = (*BodyPart, CoarseBodyPart.EYES, CoarseBodyPart.HAIR)
"""What a person can say that a layer is: the 23 classes, and the two of version 2 that were cut into several."""


class Side(StrEnum):
    """The character's own side: its right hand is on the left of a picture that it looks out of."""

    LEFT = "left"
    RIGHT = "right"


class FrameGroup(StrEnum):
    """The two passes of the part diffusion: the whole figure, then the enlarged head."""

    BODY = "body"
    HEAD = "head"


class TaxonomyVersion(StrEnum):
    """Names a class list in files: labels are worth nothing without it."""

    V2 = "v2"
    V3 = "v3"


_FINE_INDEX = {part: index for index, part in enumerate(BodyPart)}
_COARSE_INDEX = {part: index for index, part in enumerate(CoarseBodyPart)}

TAXONOMIES: Mapping[TaxonomyVersion, tuple[str, ...]] = MappingProxyType(
    {TaxonomyVersion.V2: tuple(part.value for part in CoarseBodyPart), TaxonomyVersion.V3: tuple(part.value for part in BodyPart)}
)
"""Version to class names, in index order."""

_REFINED = {
    CoarseBodyPart.HAIR: (BodyPart.FRONT_HAIR, BodyPart.BACK_HAIR),
    CoarseBodyPart.EYES: (BodyPart.IRIDES, BodyPart.EYEBROW, BodyPart.EYEWHITE, BodyPart.EYELASH),
}

FINE_OF: Mapping[CoarseBodyPart, tuple[BodyPart, ...]] = MappingProxyType(
    {coarse: _REFINED.get(coarse) or (BodyPart(coarse.value),) for coarse in CoarseBodyPart}
)
"""The classes of version 3 that a class of version 2 was cut into."""

COARSE_OF: Mapping[BodyPart, CoarseBodyPart] = MappingProxyType({fine: coarse for coarse, fines in FINE_OF.items() for fine in fines})
"""The class of version 2 that holds a class of version 3."""

HEAD = "head"
"""The synthetic frame with which the body pass finds the head: no class, never exported, has no depth of its own."""

HEAD_UNION: frozenset[BodyPart] = frozenset(
    {
        BodyPart.FACE,
        BodyPart.IRIDES,
        BodyPart.EYEBROW,
        BodyPart.EYEWHITE,
        BodyPart.EYELASH,
        BodyPart.EYEWEAR,
        BodyPart.EARS,
        BodyPart.NOSE,
        BodyPart.MOUTH,
    }
)
"""What the `HEAD` frame shows: the face and what lies on it, without hair, headwear and earwear."""

FRAME_GROUPS: Mapping[FrameGroup, tuple[str, ...]] = MappingProxyType(
    {
        FrameGroup.BODY: (
            BodyPart.FRONT_HAIR,
            BodyPart.BACK_HAIR,
            HEAD,
            BodyPart.NECK,
            BodyPart.NECKWEAR,
            BodyPart.TOPWEAR,
            BodyPart.HANDWEAR,
            BodyPart.BOTTOMWEAR,
            BodyPart.LEGWEAR,
            BodyPart.FOOTWEAR,
            BodyPart.TAIL,
            BodyPart.WINGS,
            BodyPart.OBJECTS,
        ),
        FrameGroup.HEAD: (
            BodyPart.HEADWEAR,
            BodyPart.FACE,
            BodyPart.IRIDES,
            BodyPart.EYEBROW,
            BodyPart.EYEWHITE,
            BodyPart.EYELASH,
            BodyPart.EYEWEAR,
            BodyPart.EARS,
            BodyPart.EARWEAR,
            BodyPart.NOSE,
            BodyPart.MOUTH,
        ),
    }
)
"""Frames of each pass in their order, 13 and 11: rows of the group embeddings are positional."""

LEGACY_ALIASES: Mapping[str, BodyPart] = MappingProxyType(
    {"hairf": BodyPart.FRONT_HAIR, "hairb": BodyPart.BACK_HAIR, "eyebg": BodyPart.EYEWHITE}
)
"""Short names in older label files."""


def parse_body_part(name: str) -> BodyPart:
    """The class of version 3 that a name from a file stands for: a tag or a legacy alias, in any case, with ``_`` or a space.

    Raises:
        InputError: no such class; a class of version 2 that version 3 cuts up ("hair", "eyes") cannot be told apart by name.
    """
    tag = name.strip().lower().replace("_", " ")
    if tag in LEGACY_ALIASES:
        return LEGACY_ALIASES[tag]
    try:
        return BodyPart(tag)
    except ValueError:
        known = ", ".join([*BodyPart, *LEGACY_ALIASES])
        raise InputError(f"{name[:40]!r} is no body part of the 23-class taxonomy. Use one of: {known}.") from None
