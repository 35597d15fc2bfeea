"""Real photographs with boxes drawn by hand, for the report page that people look at: figures cannot see that a head is missing.

Where the first answer leaves something to wish for, the picture stands there a second time, with the clicks of a person (at most three).
"""

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

from data_tools.packages import PackageError, package_root

TABLE = Path(__file__).with_name("photographs.toml")


def collect_photographs(out: Path, packages: Path) -> list[str]:
    """Copy the photographs of ``photographs.toml`` into a folder that `liwi.evaluation` can measure on.

    Args:
        out: a folder; gets the pictures and ``boxes.json``.
        packages: folder with the .deb files; missing ones are downloaded into it.

    Returns:
        The file names; a picture that was corrected has a second one.

    Raises:
        PackageError: a package or a picture in it cannot be had.
    """
    out.mkdir(parents=True, exist_ok=True)
    table: dict[str, Any] = {}
    for entry in tomllib.loads(TABLE.read_text())["photograph"]:
        source = package_root(entry["package"], packages) / entry["path"]
        if not source.is_file():
            raise PackageError(f"The package {entry['package']} has no {entry['path']}; another version of it may have moved the picture.")
        credit = f"{entry['package']}: {entry['path']}"
        clicks = {kind: entry[kind] for kind in ("keep", "drop") if kind in entry}
        for name, hints, note in ((entry["name"], {}, entry["note"]), (f"{entry['name']}, corrected", clicks, _describe(clicks))):
            if note:
                shutil.copyfile(source, out / (name + source.suffix))
                table[name + source.suffix] = {"boxes": entry["boxes"], **hints, "note": note, "credit": credit}
    (out / "boxes.json").write_text(json.dumps(table, indent=2) + "\n")
    return list(table)


def _describe(clicks: dict[str, list[str]]) -> str:
    return ", ".join(f"{len(points)} {kind}" for kind, points in clicks.items()) + " by clicks" if clicks else ""
