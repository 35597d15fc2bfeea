"""What the engine seethrough costs from a picture to a PSD: ``python -m tests.measure_seethrough PICTURE [--parts DIR] [--depth DIR]``.

DIR are folders in the published layout, or checkpoints of ours; without them untrained networks of a few thousand weights stand in, which
shows what everything around the networks costs. Printed: seconds of each stage, and the peak of the process's memory beside what it held
when the networks were loaded. Runs on as many threads as OMP_NUM_THREADS says.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil

from liwi.engines.seethrough import CharacterModels, SeeThroughDecomposer
from liwi.export import export
from liwi.imaging.io import load_picture
from liwi.progress import Progress
from liwi.seethrough.checkpoint import DepthCard, PartCard
from liwi.seethrough.loading import DepthModel, PartModel, load_depth_model, load_part_model
from liwi.seethrough.published_folders import load_depth_pipeline, load_part_pipeline
from liwi.seethrough.readiness import DEPTH_CARD, PARTS_CARD
from liwi.types import DecompositionRequest
from tests.characters import draw_doll
from tests.seethrough import tiny_depth_pipeline, tiny_part_pipeline

MIB = 2**20


class Peak:
    """The largest resident memory of this process while it is entered, in MiB, looked at every 5 ms."""

    def __enter__(self) -> "Peak":
        self._process, self._stop = psutil.Process(), threading.Event()
        self.before = self.most = self._process.memory_info().rss / MIB
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.005):
            self.most = max(self.most, self._process.memory_info().rss / MIB)


class Stages:
    """Seconds between the first report of a stage and that of the next one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._name, self._since = "", time.perf_counter()

    def __call__(self, progress: Progress) -> None:
        now = time.perf_counter()
        if self._name:
            self.seconds[self._name] = self.seconds.get(self._name, 0) + now - self._since
        self._name, self._since = progress.stage, now


def find_models(arguments: argparse.Namespace) -> CharacterModels:
    """The networks that are measured, with the resolutions and steps that were asked for."""
    parts_card = PartCard(resolution=arguments.resolution, steps=arguments.steps)
    depth_card = DepthCard(resolution=arguments.depth_resolution, steps=arguments.depth_steps)
    if arguments.parts is None:
        parts = tiny_part_pipeline(arguments.version)
    elif (arguments.parts / PARTS_CARD).is_file():
        parts = load_part_model(arguments.parts).pipeline
    else:
        parts = load_part_pipeline(arguments.parts)
    if arguments.depth is None:
        depth = tiny_depth_pipeline()
    elif (arguments.depth / DEPTH_CARD).is_file():
        depth = load_depth_model(arguments.depth).pipeline
    else:
        depth = load_depth_pipeline(arguments.depth)
    return CharacterModels("measured", PartModel(parts, parts_card, "here"), DepthModel(depth, depth_card, "here"))


def main() -> None:
    """Measure once, after a run at a few pixels that loads what loads late."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path, nargs="?", help="a drawn doll of 600 x 960 pixels where not given")
    parser.add_argument("--parts", type=Path)
    parser.add_argument("--depth", type=Path)
    parser.add_argument("--version", choices=("v2", "v3"), default="v3", help="of the untrained stand-in")
    parser.add_argument("--resolution", type=int, default=64)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--depth-resolution", type=int, default=64)
    parser.add_argument("--depth-steps", type=int, default=4)
    arguments = parser.parse_args()
    models = find_models(arguments)
    engine = SeeThroughDecomposer(lambda _: models)
    warm = draw_doll(0.25).rgba
    engine.decompose(DecompositionRequest(np.ascontiguousarray(warm[..., :3]), np.ascontiguousarray(warm[..., 3]), steps=1))
    if arguments.picture is None:
        rgba = draw_doll(4).rgba
        request = DecompositionRequest(np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3]))
    else:
        picture = load_picture(arguments.picture)
        request = DecompositionRequest(picture.rgb, picture.alpha)
    stages = Stages()
    with tempfile.TemporaryDirectory() as folder, Peak() as peak:
        started = time.perf_counter()
        done = engine.decompose(request, report=stages)
        stages(Progress("Writing the PSD", 0, 1))
        written = export(done, Path(folder) / "measured.psd")
        stages(Progress("", 0, 1))
        seconds, size = time.perf_counter() - started, written.stat().st_size
    for name, spent in stages.seconds.items():
        print(f"{name:40} {spent:8.2f} s")
    print(f"{'picture to PSD':40} {seconds:8.2f} s, {len(done.stack)} layers, {size / MIB:.1f} MiB")
    print(f"{'peak memory':40} {peak.most:8.0f} MiB, {peak.most - peak.before:.0f} MiB beside the {peak.before:.0f} held before")


if __name__ == "__main__":
    main()
