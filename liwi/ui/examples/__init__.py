"""The pictures that come with the app. Credits and licences: CREDITS.md beside this file."""

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Example:
    """A picture to try the app on."""

    path: Path
    title: str
    credit: str


PHOTOGRAPHS = (
    Example(_FOLDER / "coffee.jpg", "Coffee", "Rachel Michetti, CC0"),
    Example(_FOLDER / "chelsea.jpg", "Cat", "Stefan van der Walt, CC0"),
    Example(_FOLDER / "astronaut.jpg", "Astronaut", "NASA, public domain"),
    Example(_FOLDER / "rocket.jpg", "Rocket", "SpaceX, public domain"),
)

CHARACTERS = (
    Example(_FOLDER / "character_cat.webp", "Cat, cut out", "drawn by this program"),
    Example(_FOLDER / "character_fox.webp", "Fox, cut out", "drawn by this program"),
    Example(_FOLDER / "character_lantern.webp", "Lantern, before a background", "drawn by this program"),
)
