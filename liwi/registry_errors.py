"""What can go wrong at the checkpoint registry, in words for the person in front of it.

LiwiError
└── RegistryError
    ├── RegistryUnusable     the registry cannot be read or written; what was served is served still
    ├── UnknownCheckpoint    there is no such checkpoint, or its name cannot be one
    ├── CheckpointDamaged    its files are not the ones that were published, or its record cannot be read
    ├── CheckpointRefused    it may not be published, promoted, rolled back to or retired as asked
    │   └── SmokeTestFailed  it did not load, or its trial run went wrong, in a fresh process
    └── PromotionConflict    somebody else changed what is served in between
"""

from liwi.errors import LiwiError


class RegistryError(LiwiError):
    """Base of every error of the checkpoint registry."""


class RegistryUnusable(RegistryError):
    """The registry cannot be read or written; what was served is served still."""


class UnknownCheckpoint(RegistryError):
    """There is no such checkpoint, or its name cannot be one."""


class CheckpointDamaged(RegistryError):
    """The files are not the ones that were published, or the record cannot be read."""


class CheckpointRefused(RegistryError):
    """The checkpoint may not be published, promoted, rolled back to or retired as asked."""


class SmokeTestFailed(CheckpointRefused):
    """The checkpoint did not load, or its trial run went wrong, in a fresh process."""


class PromotionConflict(RegistryError):
    """Somebody else changed what is served in between."""
