"""Real photographs with boxes drawn by hand, for the report page that people look at: figures cannot see that a head is missing."""

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
        The file names.

    Raises:
        PackageError: a package or a picture in it cannot be had.
    """
    out.mkdir(parents=True, exist_ok=True)
    table: dict[str, Any] = {}
    for entry in tomllib.loads(TABLE.read_text())["photograph"]:
        source = package_root(entry["package"], packages) / entry["path"]
        if not source.is_file():
            raise PackageError(f"The package {entry['package']} has no {entry['path']}; another version of it may have moved the picture.")
        name = entry["name"] + source.suffix
        shutil.copyfile(source, out / name)
        table[name] = {"boxes": entry["boxes"], "note": entry["note"], "credit": f"{entry['package']}: {entry['path']}"}
    (out / "boxes.json").write_text(json.dumps(table, indent=2) + "\n")
    return list(table)
