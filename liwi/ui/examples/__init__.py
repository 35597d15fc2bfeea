"""The photographs that come with the app. Credits and licences: CREDITS.md beside this file."""

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Example:
    """A photograph to try the app on."""

    path: Path
    title: str
    credit: str


EXAMPLES = (
    Example(_FOLDER / "coffee.jpg", "Coffee", "Rachel Michetti, CC0"),
    Example(_FOLDER / "chelsea.jpg", "Cat", "Stefan van der Walt, CC0"),
    Example(_FOLDER / "astronaut.jpg", "Astronaut", "NASA, public domain"),
    Example(_FOLDER / "rocket.jpg", "Rocket", "SpaceX, public domain"),
)
