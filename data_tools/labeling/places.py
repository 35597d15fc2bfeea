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
"""What an eye consists of, the brow left out."""

ON_BOTH_SIDES_OF = 0.2
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
        trunk_order: render order of the first ArtMesh that covers the chest.
        soles: the lowest point of the body.
    """

    eyes: Box
    mouth: Box
    face: Box
    face_order: int
    eye_order: int
    trunk_order: int
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
    body = [mesh for mesh in meshes if mesh.opacity > 0 and not seen[mesh.index].with_head and known.get(mesh.index, BodyPart.FACE)]
    soles = max((seen[mesh.index].box[3] for mesh in body), default=box[3])
    return Landmarks(around, mouth, box, order, eye_order, _trunk_order(body, seen, box, soles), soles)


def place(mesh: ArtMesh, seen: Observation, marks: Landmarks) -> tuple[BodyPart, float] | None:
    """What lies where this ArtMesh lies, with a score in [0, 1]."""
    return _on_head(mesh, seen, marks) if seen.with_head else _on_body(mesh, seen, marks)


def side_of(box: Box, middle: float) -> Side | None:
    """The side by place: the character's right half is at the left of the picture."""
    left, _, right, _ = box
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
        beside = 0.35 < off_axis < 0.75 and width < 0.4 * face_width and height < 0.6 * face_height
        if beside and marks.eyes[1] - eye_height < y < marks.mouth[3]:
            return BodyPart.EARS, 0.8
        return BodyPart.BACK_HAIR, 0.5
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
    return BodyPart.FRONT_HAIR, 0.3


def _on_body(mesh: ArtMesh, seen: Observation, marks: Landmarks) -> tuple[BodyPart, float] | None:
    (x, _), (width, _) = seen.center, seen.size
    face_width, chin = marks.face[2] - marks.face[0], marks.face[3]
    length = marks.soles - chin
    if length <= 0 or face_width <= 0:
        return None
    top, bottom, off_axis = (seen.box[1] - chin) / length, (seen.box[3] - chin) / length, abs(x - marks.middle) / face_width
    behind = mesh.render_order < marks.trunk_order
    if behind and off_axis > 0.5:
        return (BodyPart.WINGS, 0.8) if top < 0.1 else (BodyPart.TAIL, 0.8)
    if bottom > 0.975 and top > 0.55:
        return BodyPart.FOOTWEAR, 0.85
    if behind and top > 0.3 and off_axis > 0.12:
        return BodyPart.LEGWEAR, 0.85
    if top > 0.3 and side_of(seen.box, marks.middle):
        return (BodyPart.LEGWEAR, 0.85) if top > 0.55 else (BodyPart.BOTTOMWEAR, 0.7)
    if top > 0.17:
        return BodyPart.BOTTOMWEAR, 0.8
    if off_axis < 0.06 and bottom < 0.35 and width < 0.85 * face_width:
        return (BodyPart.NECK, 0.85) if top + bottom < 0.02 else (BodyPart.NECKWEAR, 0.8)
    return BodyPart.TOPWEAR, 0.85


def _trunk_order(body: Sequence[ArtMesh], seen: Sequence[Observation], face: Box, soles: float) -> int:
    """Of the first that reaches from the shoulders a quarter down and is no wider than a trunk; arms and wings are."""
    width, chin, length, middle = face[2] - face[0], face[3], soles - face[3], (face[0] + face[2]) / 2
    chests = []
    for mesh in body:
        left, top, right, bottom = seen[mesh.index].box
        centred = abs((left + right) / 2 - middle) < 0.2 * width and 0.4 * width < right - left < 2 * width
        if centred and top < chin + 0.12 * length and bottom > chin + 0.25 * length:
            chests.append(mesh.render_order)
    return min(chests, default=0)


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
    under = [mesh for mesh in holding if mesh.render_order < eye_order and mesh.index not in known and mesh.opacity > 0]
    if named:
        return max(named, key=lambda mesh: seen[mesh.index].size[0] * seen[mesh.index].size[1]).index
    below_mouth = [mesh for mesh in under if seen[mesh.index].box[3] > mouth[3]]
    return max(below_mouth, key=lambda mesh: mesh.render_order).index if below_mouth else None


def _union(boxes: Iterable[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
