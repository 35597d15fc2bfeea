"""A `Decomposition` written to files that other programs open: one door, `export`, and the table of `FORMATS`."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from liwi.errors import ExportError
from liwi.types import Decomposition


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """One kind of output.

    Attributes:
        name: for a menu.
        suffix: of the file, with its dot; empty for a folder.
        description: what it is good for, in a sentence.
        writer: ``"module:function"``, imported when it is first used; takes (decomposition, path), returns the path.
    """

    name: str
    suffix: str
    description: str
    writer: str


FORMATS = (
    ExportFormat("Photoshop", ".psd", "For Photoshop, Krita, Photopea, Affinity and most others.", "liwi.export.photoshop:write_psd"),
    ExportFormat("OpenRaster", ".ora", "For Krita, GIMP, MyPaint and other free programs.", "liwi.export.openraster:write_ora"),
    ExportFormat("PowerPoint", ".pptx", "One slide, every layer a picture in its place.", "liwi.export.slides:write_pptx"),
    ExportFormat("ZIP", ".zip", "PNG files and a manifest; exact, and can be opened here again.", "liwi.export.archive:write_zip"),
    ExportFormat("Folder", "", "The files of the ZIP in a folder.", "liwi.export.archive:write_folder"),
)

RIGGING = (
    ExportFormat(
        "Live2D Cubism",
        ".cubism.psd",
        "Groups that become its parts, names by part and side, no masks.",
        "liwi.export.rigging:write_cubism_psd",
    ),
    ExportFormat(
        "Auto-rigging",
        ".flat.psd",
        "No groups; for StretchyStudio and others that go by names.",
        "liwi.export.rigging:write_flat_psd",
    ),
    ExportFormat(
        "Clipped eyes",
        ".grouped.psd",
        "Groups, irides clipped to their whites: Photoshop, Clip Studio.",
        "liwi.export.rigging:write_grouped_psd",
    ),
    ExportFormat("Depth", ".depth.psd", "How near each part is, in gray: black is nearest.", "liwi.export.rigging:write_depth_psd"),
    ExportFormat(
        "Rigging kit",
        ".parts.zip",
        "All of these, every part as PNG with its depth, and parts.json.",
        "liwi.export.parts_kit:write_parts_zip",
    ),
)
"""Of the parts of a character alone."""


def export(decomposition: Decomposition, out: str | Path) -> Path:
    """Write a decomposition; the suffix of ``out`` chooses the format, none means a folder.

    Returns:
        What was written.

    Raises:
        ExportError: an unknown suffix, a folder that holds something else, or a place where nothing can be written.
    """
    module, function = check_target(out).writer.split(":")
    return getattr(import_module(module), function)(decomposition, out)


def check_target(out: str | Path) -> ExportFormat:
    """Say at once, before any long work, whether `export` could write ``out``, and in which format.

    Raises:
        ExportError: an unknown suffix, a folder in the place of the file or the other way round, or a folder that holds something else.
    """
    if "\x00" in str(out):
        raise ExportError("A file name cannot hold a null character.")
    path = Path(out).expanduser()
    suffix = "" if str(out).endswith(("/", "\\")) else path.suffix.lower()
    chosen = next((known for known in RIGGING if suffix and path.name.lower().endswith(known.suffix)), None)
    chosen = chosen or next((known for known in FORMATS if known.suffix == suffix), None)
    if chosen is None:
        allowed = ", ".join(known.suffix for known in (*FORMATS, *RIGGING) if known.suffix)
        raise ExportError(
            f"{path.name!r} ends in {suffix!r}, which is no known format. Use {allowed}, or a name without suffix for a folder."
        )
    if chosen.suffix and path.is_dir():
        raise ExportError(f"{path.name!r} is a folder; give the name of a file.")
    if not chosen.suffix and path.exists():
        from liwi.export.archive import check_replaceable

        check_replaceable(path)
    return chosen
