"""What can be set from outside, in one place: flags of `app.py` first, then environment variables, then defaults.

LIWI_HOST, LIWI_PORT       where the app listens (127.0.0.1, 7860; on a Space 0.0.0.0)
LIWI_WORKSPACE             folder for what people upload and export; a temporary one where unset
LIWI_RETENTION_MINUTES     how long that is kept after its last use (60)
LIWI_MAX_UPLOAD_MB         largest upload (50)
LIWI_MAX_PROJECTS          pictures open at the same time, over all people (12)
LIWI_ENGINE                engine the demo uses (auto)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from liwi.errors import InputError


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the app needs to know before it starts."""

    host: str = "127.0.0.1"
    port: int = 7860
    workspace: Path | None = None
    retention_minutes: float = 60.0
    max_upload_mb: int = 50
    max_projects: int = 12
    engine: str = "auto"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the ``LIWI_*`` variables.

        Raises:
            InputError: a variable that should be a number is none, or out of range; names the variable.
        """
        default = cls()
        workspace = environment.get("LIWI_WORKSPACE")
        on_space = "SPACE_ID" in environment
        return cls(
            host=environment.get("LIWI_HOST", "0.0.0.0" if on_space else default.host),
            port=int(_number(environment, "LIWI_PORT", default.port, 0, 65535)),
            workspace=Path(workspace) if workspace else None,
            retention_minutes=_number(environment, "LIWI_RETENTION_MINUTES", default.retention_minutes, 0.01, 60 * 24 * 365),
            max_upload_mb=int(_number(environment, "LIWI_MAX_UPLOAD_MB", default.max_upload_mb, 1, 1024)),
            max_projects=int(_number(environment, "LIWI_MAX_PROJECTS", default.max_projects, 1, 10_000)),
            engine=environment.get("LIWI_ENGINE", default.engine),
        )


def _number(environment: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = environment.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError as error:
        raise InputError(f"{name} must be a number, got {text!r}.") from error
    if not low <= value <= high:
        raise InputError(f"{name} must be between {low:g} and {high:g}, got {text}.")
    return value
