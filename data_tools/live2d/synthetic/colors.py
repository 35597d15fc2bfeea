"""Colours in OKLCH and palettes chosen by hue harmony.

OKLCH separates lightness, chroma and hue as the eye does, so a shadow of any colour is made by the same rule: darker, a little
more colourful, its hue turned towards violet, as anime painters do.
"""

from dataclasses import dataclass
from math import cos, radians, sin
from random import Random

Color = tuple[float, float, float]
"""sRGB, each in [0, 1]."""

_SHADOW_HUE = 300.0


def oklch(lightness: float, chroma: float, hue: float) -> Color:
    """The sRGB colour of OKLCH coordinates; chroma is lowered until the colour exists on a screen.

    Args:
        lightness: 0 black to 1 white.
        chroma: 0 grey to about 0.3.
        hue: degrees: 25 red, 90 yellow, 145 green, 260 blue, 320 purple.
    """
    lightness = min(max(lightness, 0.0), 1.0)
    for step in range(21):
        color = _linear(lightness, chroma * (1 - step / 20), hue)
        if all(-1e-3 <= value <= 1 + 1e-3 for value in color):
            break
    red, green, blue = (_encode(min(max(value, 0.0), 1.0)) for value in color)
    return red, green, blue


def _linear(lightness: float, chroma: float, hue: float) -> Color:
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _encode(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


@dataclass(frozen=True)
class Tone:
    """One material under the light: OKLCH of its lit colour, from which shadow, light and line follow."""

    lightness: float
    chroma: float
    hue: float

    def moved(self, lightness: float = 0.0, chroma: float = 1.0, towards_violet: float = 0.0) -> Color:
        """The colour with another lightness (added), chroma (factor) and a hue turned towards violet by so many degrees."""
        turn = (_SHADOW_HUE - self.hue + 180) % 360 - 180
        hue = self.hue + max(-towards_violet, min(towards_violet, turn))
        return oklch(self.lightness + lightness, self.chroma * chroma, hue)

    @property
    def base(self) -> Color:
        """Lit."""
        return oklch(self.lightness, self.chroma, self.hue)

    @property
    def shade(self) -> Color:
        """First shadow of cel shading."""
        return self.mixed_shadow(0.115)

    @property
    def deep(self) -> Color:
        """Second shadow, for what lies under or behind something."""
        return self.mixed_shadow(0.2)

    @property
    def light(self) -> Color:
        """Where the light strikes."""
        return oklch(min(self.lightness + 0.09, 0.985), self.chroma * 0.75, self.hue)

    @property
    def line(self) -> Color:
        """Line art: a dark relative of the colour rather than black."""
        return self.with_chroma(max(self.chroma, 0.02)).moved(
            min(0.2 + 0.2 * self.lightness, 0.5 * self.lightness) - self.lightness, 0.75, 25
        )

    def mixed_shadow(self, depth: float) -> Color:
        """Darker by ``depth``; greys and whites take on a cool tint, as shadows of white cloth do."""
        if self.chroma < 0.025:
            return oklch(self.lightness - depth * (0.5 + 0.5 * self.lightness), self.chroma + 0.025, 285)
        return self.moved(-depth * (0.45 + 0.65 * self.lightness), 1.08, 60 * depth)

    def with_chroma(self, chroma: float) -> "Tone":
        """The same lightness and hue."""
        return Tone(self.lightness, chroma, self.hue)

    def shifted(self, lightness: float, hue: float = 0.0) -> "Tone":
        """A relative: another lightness and hue (both added)."""
        return Tone(min(max(self.lightness + lightness, 0.12), 0.98), self.chroma, (self.hue + hue) % 360)


def _clean(tone: Tone) -> Tone:
    """Moves dark yellows, which look like mud, to wine red, navy or a lighter yellow."""
    if not 45 < tone.hue < 128 or tone.lightness > 0.78 or tone.chroma < 0.03:
        return tone
    if tone.lightness > 0.55:
        return Tone(0.84, tone.chroma, min(max(tone.hue, 70), 95))
    return Tone(tone.lightness, tone.chroma, 18.0 if tone.hue < 85 else 165.0)


@dataclass(frozen=True)
class Palette:
    """The materials of one character."""

    skin: Tone
    hair: Tone
    hair_tips: Tone
    eyes: Tone
    main: Tone
    second: Tone
    accent: Tone
    leather: Tone
    white: Tone
    metal: Tone


_SKINS = (
    Tone(0.935, 0.032, 55),
    Tone(0.92, 0.042, 60),
    Tone(0.945, 0.027, 45),
    Tone(0.86, 0.062, 60),
    Tone(0.72, 0.08, 55),
    Tone(0.6, 0.08, 50),
)
_SKIN_WEIGHTS = (30, 22, 20, 12, 9, 6)

_HAIRS = (
    Tone(0.34, 0.03, 285),  # black with a violet sheen
    Tone(0.36, 0.05, 255),  # blue black
    Tone(0.45, 0.07, 45),  # brown
    Tone(0.6, 0.09, 60),  # light brown
    Tone(0.87, 0.1, 88),  # blond
    Tone(0.93, 0.045, 95),  # pale blond
    Tone(0.9, 0.015, 270),  # silver
    Tone(0.8, 0.045, 290),  # lavender grey
    Tone(0.8, 0.12, 2),  # pink
    Tone(0.72, 0.13, 20),  # coral
    Tone(0.55, 0.17, 27),  # red
    Tone(0.72, 0.15, 55),  # orange
    Tone(0.82, 0.09, 175),  # mint
    Tone(0.62, 0.1, 160),  # green
    Tone(0.75, 0.1, 230),  # sky blue
    Tone(0.5, 0.13, 262),  # blue
    Tone(0.6, 0.14, 305),  # purple
)

_SCHEMES = ((180, 30), (150, 210), (120, 240), (30, -30), (180, 150), (-60, 60), (0, 180))
"""Hue of the main and the accent colour against the hair's, degrees: complement, split complement, triad, analogous and so on."""


def choose_palette(random: Random) -> Palette:
    """Colours that go together: clothes and eyes take their hues from the hair's by a scheme of harmony."""
    hair = random.choice(_HAIRS)
    hue = hair.hue if hair.chroma > 0.035 else random.uniform(0, 360)
    main_turn, accent_turn = random.choice(_SCHEMES)
    main_hue, accent_hue = (hue + main_turn + random.uniform(-12, 12)) % 360, (hue + accent_turn + random.uniform(-12, 12)) % 360
    main = random.choice(
        [
            Tone(0.36, 0.075, main_hue),
            Tone(0.44, 0.11, main_hue),
            Tone(0.62, 0.12, main_hue),
            Tone(0.8, 0.085, main_hue),
            Tone(0.93, 0.025, main_hue),
            Tone(0.29, 0.03, main_hue),
        ]
    )
    second = (
        Tone(0.94, 0.018, main_hue) if main.lightness < 0.7 else random.choice([Tone(0.4, 0.09, main_hue), Tone(0.34, 0.05, accent_hue)])
    )
    if random.random() < 0.3:
        second = Tone(0.55 if main.lightness > 0.7 else 0.75, 0.09, (main_hue + random.choice([-35, 35])) % 360)
    eye_hue = random.choice([hue, accent_hue, (hue + 180) % 360, 25, 150, 235, 300, 75])
    tips = (
        hair
        if random.random() < 0.6
        else hair.shifted(random.choice([-0.08, 0.08]), random.choice([-35, -20, 20, 35])).with_chroma(hair.chroma + 0.03)
    )
    return Palette(
        skin=random.choices(_SKINS, _SKIN_WEIGHTS)[0],
        hair=hair,
        hair_tips=tips,
        eyes=Tone(random.uniform(0.55, 0.7), 0.15, eye_hue),
        main=_clean(main),
        second=_clean(second),
        accent=_clean(Tone(random.uniform(0.58, 0.74), 0.16, accent_hue)),
        leather=random.choice([Tone(0.3, 0.04, 40), Tone(0.27, 0.02, 280), Tone(0.45, 0.08, 50), Tone(0.9, 0.02, 80), main.shifted(-0.12)]),
        white=Tone(0.975, 0.006, 270),
        metal=random.choice([Tone(0.82, 0.11, 88), Tone(0.85, 0.012, 250), Tone(0.78, 0.07, 50)]),
    )


def mix(first: Color, second: Color, share: float) -> Color:
    """Between two colours; ``share`` 0 gives the first."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue
