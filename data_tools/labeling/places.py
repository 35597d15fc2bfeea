"""Where parts lie on a character that faces the viewer: what remains when neither names nor motion speak.

Eyes and mouth are found first, by names or motion; they give the face, and the face gives the rest. The guesses are rough, and their
scores say so. A character without eyes gets none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from data_tools.labeling.observations import Observation
from data_tools.live2d.model import ArtMesh
from liwi.seethrough.body_parts import BodyPart, Side

Box = tuple[float, float, float, float]

EYES = frozenset({BodyPart.IRIDES, BodyPart.EYEWHITE, BodyPart.EYELASH})
ON_BOTH_SIDES_OF = 0.15
"""Of its width, that an ArtMesh may reach over the middle and still belong to one side."""


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The boxes that everything else is placed by, in canvas pixels.

    Attributes:
        eyes: around both.
        mouth: around it; below the eyes where the model has none.
        face: of the face's ArtMesh.
        face_order: render order of the face.
        eye_order: render order of the first ArtMesh of the eyes.
        hair_order: render order of the first ArtMesh of the back hair.
        soles: the lowest point of the body.
    """

    eyes: Box
    mouth: Box
    face: Box
    face_order: int
    eye_order: int
    hair_order: int
    soles: float

    @property
    def middle(self) -> float:
        """x of the character's axis."""
        return (self.eyes[0] + self.eyes[2]) / 2


def find_landmarks(meshes: Sequence[ArtMesh], seen: Sequence[Observation], known: Mapping[int, BodyPart | None]) -> Landmarks | None:
    """Landmarks from the ArtMeshes that are known by now; None without eyes."""
    eyes = [index for index, part in known.items() if part in EYES]
    if not eyes:
        return None
    around = _union(seen[index].box for index in eyes)
    height = (around[2] - around[0]) * 0.8
    mouths = [seen[index].box for index, part in known.items() if part is BodyPart.MOUTH]
    mouth = _union(mouths) if mouths else (around[0], around[3] + height / 2, around[2], around[3] + height)
    eye_order = min(meshes[index].render_order for index in eyes)
    face = _find_face(meshes, seen, known, around, mouth, eye_order)
    box = seen[face].box if face is not None else (around[0], around[1] - height, around[2], mouth[3] + height / 4)
    order = meshes[face].render_order if face is not None else eye_order
    hair = [meshes[i].render_order for i, part in known.items() if part is BodyPart.BACK_HAIR]
    body = [seen[mesh.index].box[3] for mesh in meshes if mesh.opacity > 0 and not seen[mesh.index].with_head]
    return Landmarks(around, mouth, box, order, eye_order, min(hair, default=order), max(body, default=box[3]))


def place(mesh: ArtMesh, seen: Observation, marks: Landmarks) -> tuple[BodyPart, float] | None:
    """What lies where this ArtMesh lies, with a score in [0, 1]."""
    return _on_head(mesh, seen, marks) if seen.with_head else _on_body(mesh, seen, marks)


def side_of(seen: Observation, middle: float) -> Side | None:
    """The side by place: the character's right half is at the left of the picture."""
    left, _, right, _ = seen.box
    over = ON_BOTH_SIDES_OF * (right - left)
    if right <= middle + over:
        return Side.RIGHT
    return Side.LEFT if left >= middle - over else None


def _on_head(mesh: ArtMesh, seen: Observation, marks: Landmarks) -> tuple[BodyPart, float] | None:
    (x, y), (width, height) = seen.center, seen.size
    face_width, face_height = marks.face[2] - marks.face[0], marks.face[3] - marks.face[1]
    off_axis = abs(x - marks.middle) / face_width if face_width else 1.0
    eye_height = marks.eyes[3] - marks.eyes[1]
    if mesh.render_order < marks.face_order:
        beside = off_axis > 0.35 and width < 0.4 * face_width and height < 0.6 * face_height
        if beside and marks.eyes[1] - eye_height < y < marks.mouth[3]:
            return BodyPart.EARS, 0.8
        return BodyPart.BACK_HAIR, 0.8
    if mesh.render_order == marks.face_order:
        return BodyPart.FACE, 0.95
    if off_axis < 0.1 and width < 0.25 * face_width and (marks.eyes[1] + marks.eyes[3]) / 2 < y < marks.mouth[1] + eye_height / 4:
        return BodyPart.NOSE, 0.85
    if mesh.render_order < marks.eye_order:
        return BodyPart.FACE, 0.85
    spans = width > 0.8 * (marks.eyes[2] - marks.eyes[0]) and height < 2.5 * eye_height
    if spans and off_axis < 0.1 and marks.eyes[1] < y < marks.eyes[3] + eye_height / 2:
        return BodyPart.EYEWEAR, 0.8
    if off_axis > 0.35 and height < 0.3 * face_height and marks.eyes[3] < y < marks.mouth[3] + eye_height:
        return BodyPart.EARWEAR, 0.6
    if y < marks.face[1]:
        return BodyPart.HEADWEAR, 0.6
    return BodyPart.FRONT_HAIR, 0.5


def _on_body(mesh: ArtMesh, seen: Observation, marks: Landmarks) -> tuple[BodyPart, float] | None:
    (x, y), (width, height) = seen.center, seen.size
    face_width, chin = marks.face[2] - marks.face[0], marks.face[3]
    length = marks.soles - chin
    if length <= 0:
        return None
    down, top, bottom = (y - chin) / length, (seen.box[1] - chin) / length, (seen.box[3] - chin) / length
    one_side = side_of(seen, marks.middle) is not None
    if mesh.render_order < marks.hair_order:
        return (BodyPart.WINGS, 0.6) if one_side and down < 0.4 else (BodyPart.TAIL, 0.4) if down > 0.3 else (BodyPart.TOPWEAR, 0.3)
    if top < 0.0 and width < 0.8 * face_width and bottom < 0.25 and abs(x - marks.middle) < 0.2 * face_width:
        return BodyPart.NECK, 0.85
    if bottom > 0.93 and height < 0.25 * length and top > 0.6:
        return BodyPart.FOOTWEAR, 0.8
    if one_side and down > 0.55:
        return BodyPart.LEGWEAR, 0.85
    if down > 0.38 and not one_side:
        return BodyPart.BOTTOMWEAR, 0.6
    return BodyPart.TOPWEAR, 0.6


def _find_face(
    meshes: Sequence[ArtMesh], seen: Sequence[Observation], known: Mapping[int, BodyPart | None], eyes: Box, mouth: Box, eye_order: int
) -> int | None:
    """The largest that is known to be the face, else the last under the eyes that holds eyes and mouth."""
    inside = _union([eyes, mouth])
    x, y, tall = (inside[0] + inside[2]) / 2, (inside[1] + inside[3]) / 2, inside[3] - inside[1]
    holding = []
    for mesh in meshes:
        left, top, right, bottom = seen[mesh.index].box
        if left < x < right and top < y < bottom and bottom - top > tall and right - left > 0.8 * (eyes[2] - eyes[0]):
            holding.append(mesh)
    named = [mesh for mesh in holding if known.get(mesh.index) is BodyPart.FACE]
    if named:
        return max(named, key=lambda mesh: seen[mesh.index].size[0] * seen[mesh.index].size[1]).index
    under = [mesh for mesh in holding if mesh.render_order < eye_order and mesh.index not in known and mesh.opacity > 0]
    return max(under, key=lambda mesh: mesh.render_order).index if under else None


def _union(boxes: Iterable[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
