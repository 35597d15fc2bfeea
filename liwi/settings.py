"""What can be set from outside, in one place: flags of `app.py` first, then environment variables, then defaults.

LIWI_HOST, LIWI_PORT       where the app listens (127.0.0.1, 7860; on a Space 0.0.0.0)
LIWI_WORKSPACE             folder for what people upload and export; a temporary one where unset
LIWI_RETENTION_MINUTES     how long that is kept after its last use (60)
LIWI_MAX_UPLOAD_MB         largest upload (50)
LIWI_MAX_PROJECTS          pictures open at the same time, over all people (12)
LIWI_ENGINE                engine the demo uses (auto)
LIWI_DATA                  folder that is kept: the workbench's database and pictures (out/annotations)
LIWI_CHECKPOINTS           the checkpoint registry's folder; checkpoints in LIWI_DATA where unset
LIWI_RUNS                  folder of the runs that training makes (out/runs)
LIWI_DEVICES               folder of the locks by which the runs on this computer share its devices; a temporary one where unset
LIWI_DATASETS              folder below which the training tab looks for datasets (out)
LIWI_JOBS_REPO             model repository OWNER/NAME for runs on Hugging Face Jobs; with HF_TOKEN, it turns them on
LIWI_JOBS_SPACE            Space OWNER/NAME whose program runs there; this Space itself where unset
LIWI_DATABASE              URL of a PostgreSQL for the workbench; a file in LIWI_DATA where unset
LIWI_PASSWORDS             password file; needed, or OAuth, where others can reach the app
LIWI_ADMINS                names of the admins, with commas between them; on a Space its owner too
LIWI_DEFAULT_ROLE          what everybody else may do at first: viewer, annotator or reviewer (viewer)
LIWI_SECRET                signs the sessions, at least 32 characters; a random one kept in LIWI_DATA where unset

On a Space with ``hf_oauth: true`` these are set by Hugging Face: SPACE_ID, SPACE_HOST, SPACE_AUTHOR_NAME, OAUTH_CLIENT_ID,
OAUTH_CLIENT_SECRET, OAUTH_SCOPES, OPENID_PROVIDER_URL. The last four work elsewhere too, with any OpenID provider.
"""

import ipaddress
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from liwi.errors import InputError


@dataclass(frozen=True, slots=True)
class OpenIdClient:
    """How the app is known to an OpenID provider such as Hugging Face.

    Attributes:
        provider: its URL.
        client_id, client_secret: given by the provider.
        scopes: with spaces between them.
    """

    provider: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str = "openid profile"


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
    data: Path = Path("out/annotations")
    checkpoints: Path | None = None
    runs: Path = Path("out/runs")
    devices: Path | None = None
    datasets: Path = Path("out")
    jobs_repository: str = ""
    jobs_space: str = ""
    hub_token: str = field(default="", repr=False)
    database: str = field(default="", repr=False)
    passwords: Path | None = None
    openid: OpenIdClient | None = None
    admins: tuple[str, ...] = ()
    default_role: str = "viewer"
    secret: str = field(default="", repr=False)
    space: bool = False
    space_hosts: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the ``LIWI_*`` variables, and those of a Space.

        Raises:
            InputError: a variable that should be a number is none, or out of range; names the variable.
        """
        default = cls()
        workspace, passwords = environment.get("LIWI_WORKSPACE"), environment.get("LIWI_PASSWORDS")
        checkpoints, devices = environment.get("LIWI_CHECKPOINTS"), environment.get("LIWI_DEVICES")
        on_space = bool(environment.get("SPACE_ID"))
        owner = environment.get("SPACE_AUTHOR_NAME", "") if on_space else ""
        return cls(
            host=environment.get("LIWI_HOST", "0.0.0.0" if on_space else default.host),
            port=int(_number(environment, "LIWI_PORT", default.port, 0, 65535)),
            workspace=Path(workspace) if workspace else None,
            retention_minutes=_number(environment, "LIWI_RETENTION_MINUTES", default.retention_minutes, 0.01, 60 * 24 * 365),
            max_upload_mb=int(_number(environment, "LIWI_MAX_UPLOAD_MB", default.max_upload_mb, 1, 1024)),
            max_projects=int(_number(environment, "LIWI_MAX_PROJECTS", default.max_projects, 1, 10_000)),
            engine=environment.get("LIWI_ENGINE", default.engine),
            data=Path(environment.get("LIWI_DATA") or default.data),
            checkpoints=Path(checkpoints) if checkpoints else None,
            runs=Path(environment.get("LIWI_RUNS") or default.runs),
            devices=Path(devices) if devices else None,
            datasets=Path(environment.get("LIWI_DATASETS") or default.datasets),
            jobs_repository=environment.get("LIWI_JOBS_REPO", ""),
            jobs_space=environment.get("LIWI_JOBS_SPACE") or environment.get("SPACE_ID", ""),
            hub_token=environment.get("HF_TOKEN", ""),
            database=environment.get("LIWI_DATABASE", ""),
            passwords=Path(passwords) if passwords else None,
            openid=_openid_client(environment),
            admins=_names(f"{environment.get('LIWI_ADMINS', '')},{owner}"),
            default_role=environment.get("LIWI_DEFAULT_ROLE") or default.default_role,
            secret=environment.get("LIWI_SECRET", ""),
            space=on_space,
            space_hosts=_names(environment.get("SPACE_HOST", "")) if on_space else (),
        )

    @property
    def checkpoint_registry(self) -> Path:
        """The folder of the checkpoint registry."""
        return self.checkpoints or self.data / "checkpoints"

    @property
    def device_locks(self) -> Path:
        """The folder of the devices' locks, the same for all programs of one person on this computer."""
        return self.devices or Path(tempfile.gettempdir()) / f"liwi-devices-{os.getuid() if hasattr(os, 'getuid') else 0}"

    @property
    def reachable_by_others(self) -> bool:
        """Whether anybody but the person at this machine can reach the app."""
        if self.space:
            return True
        try:
            return not ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host.lower() != "localhost"


def _openid_client(environment: Mapping[str, str]) -> OpenIdClient | None:
    """The OpenID client, if one is set up whole."""
    needed = ("OPENID_PROVIDER_URL", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET")
    provider, client_id, client_secret = (environment.get(name, "") for name in needed)
    if not (provider and client_id and client_secret):
        return None
    return OpenIdClient(provider.rstrip("/"), client_id, client_secret, environment.get("OAUTH_SCOPES") or "openid profile")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


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
