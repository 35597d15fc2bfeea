"""Samples as tar files in WebDataset's layout, to be streamed in order: files that share the name up to the first dot are one sample.

Plain tar of the standard library rather than the ``webdataset`` package: the same samples give the same bytes on every machine. The
package (or anything else that reads tar) streams them: ``webdataset.WebDataset(".../shards/train-{000000..000009}.tar")``.
"""

import io
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from data_tools.character_dataset import SAMPLES, SHARDS, Split, blob_path
from data_tools.manifests import digest, digest_file, missing_file, read_document
from liwi.export.atomic import new_file

SAMPLES_PER_SHARD = 200
"""About 100 to 300 MB at 1024 x 1024: what WebDataset's authors advise."""


def write_shards(
    folder: Path, samples: Sequence[tuple[str, Split]], *, per_shard: int = SAMPLES_PER_SHARD, report: Callable[[int], None] | None = None
) -> list[dict[str, Any]]:
    """Pack the samples of each split into shards. Their order is shuffled by a hash, so that no shard is all of one model.

    Args:
        folder: of the dataset; its samples are there.
        samples: name and split of each.
        per_shard: samples in a shard, at least 1; the last one of a split may have fewer.
        report: hears how many samples are packed.

    Returns:
        For each shard its name, split, number of samples and SHA-256.
    """
    written, packed = [], 0
    for split in Split:
        names = sorted((name for name, own in samples if own is split), key=lambda name: digest(name.encode()))
        for number, start in enumerate(range(0, len(names), per_shard)):
            chosen = names[start : start + per_shard]
            path = folder / SHARDS / f"{split.value}-{number:06d}.tar"
            with new_file(path) as place, tarfile.open(place, "w", format=tarfile.USTAR_FORMAT) as archive:
                for name in chosen:
                    for member, content in _members(folder, name):
                        info = tarfile.TarInfo(member)  # no time, no owner: the bytes follow from the sample alone
                        info.size = len(content)
                        archive.addfile(info, io.BytesIO(content))
                    packed += 1
                    if report:
                        report(packed)
            written.append({"name": path.name, "split": split.value, "samples": len(chosen), "sha256": digest_file(path)})
    return written


def _members(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    path = folder / SAMPLES / f"{name}.json"
    try:
        yield f"{name}.json", path.read_bytes()
        for file, sha in read_document(path)["files"].items():
            yield f"{name}.{file}", (folder / blob_path(sha)).read_bytes()
    except FileNotFoundError as error:
        raise missing_file(name, error, "Start the command again.") from error
