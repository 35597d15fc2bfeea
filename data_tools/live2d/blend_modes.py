"""Names and numbers of Cubism's blend modes."""

from data_tools.live2d.model import BlendMode

_ADD, _MULTIPLY = 1, 2
_COLORS = (
    "normal", "add (compatible)", "multiply (compatible)", "add", "add (glow)", "darken", "multiply", "color burn", "linear burn",
    "lighten", "screen", "color dodge", "overlay", "soft light", "hard light", "linear light", "hue", "color",
)  # fmt: skip
_ALPHAS = ("over", "atop", "out", "conjoint over", "disjoint over")
_OLD = (BlendMode.NORMAL, BlendMode.ADD, BlendMode.MULTIPLY)


def blend_of(flags: int, number: int) -> tuple[BlendMode, str]:
    """The blend mode of an ArtMesh from Core's constant flags and, for Cubism 5.3 files, its blend number.

    The number's low byte names how colours mix and the next byte how alphas do; 0 to 2 over are those of earlier Cubism.

    Returns:
        The mode, and its name; that of a number which is not known holds the number.
    """
    if number == 0:
        number = 1 if flags & _ADD else 2 if flags & _MULTIPLY else 0
    if 0 <= number < len(_OLD):
        return _OLD[number], _OLD[number].value
    color, alpha = number & 0xFF, number >> 8 & 0xFF
    color_name = _COLORS[color] if color < len(_COLORS) else f"#{color}"
    alpha_name = _ALPHAS[alpha] if alpha < len(_ALPHAS) else f"#{alpha}"
    return BlendMode.EXTENDED, f"{color_name}, {alpha_name}"


def number_of(mode: BlendMode, name: str) -> int | None:
    """The number that the rasteriser knows a blend mode by; None for one that it does not draw."""
    if mode is not BlendMode.EXTENDED:
        return _OLD.index(mode)
    color, _, alpha = name.rpartition(", ")
    if color not in _COLORS or alpha not in _ALPHAS or color in _COLORS[1:3]:
        return None
    return _COLORS.index(color) + 256 * _ALPHAS.index(alpha)
