"""Eyes in layers: white, iris, highlights, lashes, crease, brow; the iris is clipped by the white, and lids close with ParamEyeLOpen."""
# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

from dataclasses import dataclass

import numpy as np

from data_tools.live2d.puppet import Binding
from data_tools.live2d.synthetic.colors import Color, Tone, mix, oklch
from data_tools.live2d.synthetic.curves import Points, bezier, ellipse, ribbon, spline, turned
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.figure import SIDES, Figure
from data_tools.live2d.synthetic.rigging import Motion
from liwi.seethrough.body_parts import BodyPart, Side


@dataclass(frozen=True)
class EyeShape:
    """One style of eye, in head radii.

    Attributes:
        x, y: middle of the eye (of the picture's right one).
        width: half of it.
        upper, lower: how far the lids stand from the middle.
        tilt: how far the outer corner is lowered (negative: raised).
        flatness: 0 for a round upper lid, 1 for a flat one.
        iris: half width and half height of the iris.
        lash: thickness of the upper lashes.
        spikes: how many single lashes stick out at the outer corner.
    """

    x: float
    y: float
    width: float
    upper: float
    lower: float
    tilt: float
    flatness: float
    iris: tuple[float, float]
    lash: float
    spikes: int

    def upper_lid(self, u: Points) -> Points:
        """Height of the upper lid at ``u`` from -1 (inner corner) to 1 (outer corner), relative to the eye's middle."""
        roundness = 0.62 - 0.27 * self.flatness
        arch = np.clip(1 - np.abs(u) ** 2.5, 0, None) ** roundness
        return -self.upper * arch * (1 - 0.08 * u) + self.tilt * u

    def lower_lid(self, u: Points) -> Points:
        """The same of the lower lid."""
        return self.lower * np.clip(1 - np.abs(u) ** 2.6, 0, None) ** 0.7 + self.tilt * u * 0.8

    def closed_lid(self, u: Points) -> Points:
        """Where the lids meet."""
        return self.lower * 0.8 * (1 - u**2) + self.tilt * u * 0.5 + self.lower * 0.06


def choose_eyes(figure: Figure) -> EyeShape:
    """A style that suits the build."""
    random, youth = figure.random, figure.anatomy.youth
    style = random.choices(["round", "sharp", "gentle", "sleepy"], [4, 3, 3, 1])[0]
    figure.choices["eyes"] = style
    size = 1.17 + 0.09 * youth if figure.anatomy.feminine else 1.02 + 0.13 * youth
    slim = 1.0 if figure.anatomy.feminine else 0.76 + 0.2 * youth
    tilt = {"round": 0.0, "sharp": -0.035, "gentle": 0.035, "sleepy": 0.012}[style]
    upper = {"round": 0.25, "sharp": 0.215, "gentle": 0.225, "sleepy": 0.155}[style] * size * slim
    width = random.uniform(0.225, 0.25) * size
    iris_height = (upper + 0.165 * size * slim) * (0.53 if style != "sleepy" else 0.68)
    return EyeShape(
        x=0.405 + 0.04 * youth,
        y=0.33 + 0.03 * youth,
        width=width,
        upper=upper,
        lower=0.165 * size * slim,
        tilt=tilt + random.uniform(-0.012, 0.012),
        flatness={"round": 0.0, "sharp": 0.35, "gentle": 0.15, "sleepy": 0.9}[style],
        iris=(min(width * 0.66, iris_height * 0.92), iris_height),
        lash=(0.068 if figure.anatomy.feminine else 0.044) + 0.012 * youth,
        spikes=random.choice([1, 2, 3]) if figure.anatomy.feminine else 0,
    )


def draw_eyes(figure: Figure) -> None:
    """Both eyes and brows."""
    shape = choose_eyes(figure)
    odd = figure.random.random() < 0.07
    other = Tone(0.62, 0.15, (figure.palette.eyes.hue + 150) % 360) if odd else figure.palette.eyes
    brow_angle, brow_lift = figure.random.uniform(-9, 7), figure.random.uniform(-0.02, 0.03)
    over_hair = figure.random.random() < 0.3
    for side, sign in SIDES:
        eye = _Eye(figure, shape, side, sign, figure.palette.eyes if side is Side.RIGHT else other)
        eye.white()
        eye.iris()
        eye.highlights()
        eye.lashes()
        eye.brow(brow_angle, brow_lift, over_hair=over_hair)


class _Eye:
    """One eye; local coordinates are head radii from the eye's middle, x towards the outer corner."""

    def __init__(self, figure: Figure, shape: EyeShape, side: Side, sign: int, tone: Tone) -> None:
        self.figure, self.shape, self.side, self.sign, self.tone = figure, shape, side, sign, tone
        letter = "L" if side is Side.LEFT else "R"
        figure.rig.parameter(f"ParamEye{letter}Open", 0, 1, 1)
        for name in ("ParamEyeBallX", "ParamEyeBallY", f"ParamBrow{letter}Y", f"ParamBrow{letter}Angle"):
            figure.rig.parameter(name, -1, 1)
        self.open = Binding(f"ParamEye{letter}Open", (0, 1))
        self.letter, self.name = letter, side.value
        self.lid_cell = shape.width * figure.anatomy.head_radius / 5
        self.lash_color = mix(figure.palette.hair.moved(-0.3, 1.0), oklch(0.2, 0.03, 320), 0.55)

    def canvas(self, local: Points) -> Points:
        """From local to canvas coordinates."""
        return self.figure.head(local * [self.sign, 1] + [self.sign * self.shape.x, self.shape.y])

    def lids(self, inset: float = 0.0, num: int = 40) -> Points:
        """The closed outline between the lids."""
        u = np.linspace(-1, 1, num)
        x = u * (self.shape.width - inset)
        upper = np.stack([x, self.shape.upper_lid(u) + inset], axis=1)
        return np.concatenate([upper, np.stack([x, self.shape.lower_lid(u) - inset], axis=1)[::-1]])

    def closing(self, reference: str, keep: float) -> Motion:
        """How points near a lid move when the eye closes: to the line where the lids meet, keeping a share of their distance to it."""
        shape, radius = self.shape, self.figure.anatomy.head_radius
        middle = self.canvas(np.zeros((1, 2)))[0]

        def motion(points: Points, opened: float) -> Points:
            local = (points - middle) / radius
            u = np.clip(local[:, 0] * self.sign / shape.width, -1, 1)
            lid = {"upper": shape.upper_lid, "lower": shape.lower_lid, "white": shape.closed_lid}[reference](u)
            meet = shape.closed_lid(u)
            closed = meet + (local[:, 1] - lid) * keep
            y = local[:, 1] * opened + closed * (1 - opened)
            return np.stack([local[:, 0], y], axis=1) * radius + middle

        return motion

    def white(self) -> None:
        """The white of the eye with the shadow of the lid."""
        motion = self.closing("white", 0.02)
        drawing = self.figure.draw(
            f"eyewhite_{self.name}",
            BodyPart.EYEWHITE,
            640,
            "features",
            f"face/eye/{self.name}",
            side=self.side,
            motion=motion,
            bindings=(self.open,),
            cell=self.lid_cell,
        )
        outline = self.canvas(self.lids(0.008))
        drawing.fill(outline, (0.985, 0.98, 0.985))
        with drawing.within(outline):
            shadow = self.lids()
            band = np.concatenate([shadow[:40], (shadow[:40] + [0, self.shape.upper * 0.42])[::-1]])
            drawing.fill(self.canvas(band), oklch(0.84, 0.03, 290))

    def _on_eyeball(self, key: str, depth: float) -> Drawing:
        """Begins a fragment that follows ParamEyeBallX and Y and is clipped by the white."""
        step = self.shape.width * self.figure.anatomy.head_radius

        def motion(points: Points, x: float, y: float) -> Points:
            return points + np.array([x * step * 0.3, -y * step * 0.22])

        return self.figure.draw(
            f"{key}_{self.name}",
            BodyPart.IRIDES,
            depth,
            "features",
            f"face/eye/{self.name}/eyeball",
            side=self.side,
            motion=motion,
            bindings=(Binding("ParamEyeBallX", (-1, 0, 1)), Binding("ParamEyeBallY", (-1, 0, 1))),
            clipped_by=(f"eyewhite_{self.name}",),
        )

    def iris(self) -> None:
        """The iris: dark above, glowing below, with ring and pupil."""
        drawing = self._on_eyeball("iris", 645)
        width, height = self.shape.iris
        tone, y = self.tone, (self.shape.lower - self.shape.upper) * 0.5 + 0.012
        dark, deep = tone.moved(-0.3, 0.8, 18), tone.moved(-0.4, 0.6, 24)

        def oval(dx: float, dy: float, rx: float, ry: float) -> Points:
            return self.canvas(ellipse(dx * self.sign - 0.012, y + dy, rx, ry))

        ball = oval(0, 0, width, height)
        top, bottom = ball[:, 1].min(), ball[:, 1].max()
        x = float(ball[:, 0].mean())
        drawing.gradient(ball, (x, top), (x, bottom), [dark, tone.moved(-0.1), tone.base, tone.moved(0.14, 0.9)], [0.0, 0.42, 0.68, 1.0])
        with drawing.within(ball):
            drawing.fill(oval(0, -height * 0.62, width * 1.05, height * 0.72), deep, 0.55)
            drawing.fill(oval(0, height * 0.66, width * 0.66, height * 0.26), tone.moved(0.22, 0.75), 0.9)
            drawing.fill(oval(0, -height * 0.04, width * 0.4, height * 0.44), deep)
            drawing.outline(oval(0, height * 0.02, width * 0.4, height * 0.44), tone.moved(-0.2), 0.8, alpha=0.7)
        drawing.outline(ball, deep, 1.5)

    def highlights(self) -> None:
        """Reflections of the light: they sit on the same side of both eyes."""
        drawing = self._on_eyeball("eye_highlight", 650)
        width, height = self.shape.iris
        y = (self.shape.lower - self.shape.upper) * 0.5
        spots = [(-0.36, -0.36, 0.33, 0.29), (0.42, 0.42, 0.15, 0.13)]
        for dx, dy, rx, ry in spots:
            spot = ellipse(dx * width * self.sign, y + dy * height, rx * width, ry * height)
            drawing.fill(self.canvas(turned(spot, 20 * self.sign, spot.mean(axis=0))), (1.0, 1.0, 1.0))

    def lashes(self) -> None:
        """Upper lashes with their single hairs, the crease above, the fine line below."""
        u = np.linspace(-1.04, 1.1, 60)
        x = u * self.shape.width
        clipped = np.clip(u, -1, 1)
        middle = np.stack([x, self.shape.upper_lid(clipped) + np.clip(u - 1, 0, None) * 0.5 * self.shape.upper - 0.004], axis=1)
        swell = np.clip((u + 1.04) / 0.5, 0, 1) ** 0.8 * (0.62 + 0.42 * np.clip(u + 0.2, 0, 1)) * np.clip((1.1 - u) / 0.12, 0, 1) ** 0.6
        color = self.lash_color
        self._line("upper_lash", 662, ribbon(middle, swell * self.shape.lash), color, self.closing("upper", 0.7), self.shape.spikes)
        part_u = np.linspace(-0.15, 0.97, 30)
        lower = np.stack([part_u * self.shape.width, self.shape.lower_lid(part_u) + 0.004], axis=1)
        thin = np.sin(np.linspace(0.25, np.pi - 0.1, 30)) * 0.013 + 0.003
        self._line("lower_lash", 655, ribbon(lower, thin), mix(color, self.figure.palette.skin.line, 0.35), self.closing("lower", 0.8))
        crease_u = np.linspace(-0.62, 0.86, 30)
        crease = np.stack([crease_u * self.shape.width, self.shape.upper_lid(crease_u) - self.shape.lash * 0.75 - 0.022], axis=1)
        fine = np.sin(np.linspace(0, np.pi, 30)) * 0.012
        self._line("crease", 656, ribbon(crease, fine), self.figure.palette.skin.line, self.closing("upper", 0.6))

    def _line(self, key: str, depth: float, local: Points, color: Color, motion: Motion, spikes: int = 0) -> None:
        drawing = self.figure.draw(
            f"{key}_{self.name}",
            BodyPart.EYELASH,
            depth,
            "features",
            f"face/eye/{self.name}",
            side=self.side,
            motion=motion,
            bindings=(self.open,),
            cell=self.lid_cell,
        )
        drawing.fill(self.canvas(local), color)
        for index in range(spikes):
            u = 0.98 - 0.2 * index
            root = np.array([u * self.shape.width, self.shape.upper_lid(np.array([min(u, 1.0)]))[0]])
            tip = root + np.array([0.075 - 0.012 * index, -0.035 - 0.016 * index])
            hair = bezier(root + [-0.02, 0.005], root + [0.02, 0.004], tip + [-0.02, 0.012], tip, 12)
            drawing.fill(self.canvas(ribbon(hair, np.linspace(0.034, 0.002, 12))), color)

    def brow(self, angle: float, lift: float, *, over_hair: bool) -> None:
        """A tapering brow that rises with ParamBrowLY and turns with ParamBrowLAngle."""
        figure, radius = self.figure, self.figure.anatomy.head_radius
        y = -self.shape.upper - 0.125 - lift
        arc = spline([(-0.2, y + 0.035), (-0.05, y - 0.012), (0.13, y - 0.012), (0.27, y + 0.05)])
        arc = turned(arc, angle, (0, y))
        thickness = (0.036 if figure.anatomy.feminine else 0.055) * np.interp(
            np.linspace(0, 1, len(arc)), [0, 0.18, 0.55, 1], [0.45, 1, 0.85, 0.08]
        )
        pivot = self.canvas(np.array([[0.0, y]]))[0]

        def motion(points: Points, up: float, turn: float) -> Points:
            return turned(points + np.array([0, -up * radius * 0.07]), turn * self.sign * -9, pivot)

        bindings = (Binding(f"ParamBrow{self.letter}Y", (-1, 0, 1)), Binding(f"ParamBrow{self.letter}Angle", (-1, 0, 1)))
        depth = 765 if over_hair else 670
        drawing = figure.draw(
            f"brow_{self.name}",
            BodyPart.EYEBROW,
            depth,
            "features",
            "face/brow",
            side=self.side,
            motion=motion,
            bindings=bindings,
            cell=radius * 0.1,
        )
        drawing.fill(self.canvas(ribbon(arc, thickness)), mix(figure.palette.hair.moved(-0.2, 0.95, 10), self.lash_color, 0.25))
