"""``python -m data_tools matting``: make the samples that the matting network is trained with."""

from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import typer

from data_tools.character_dataset import begin
from data_tools.manifests import digest, encode_document
from data_tools.matting.dataset import OBJECTS, finish, plan_shards, write_objects, write_shard
from data_tools.matting.objects import Purpose, characters, clip_art, drawn, excluded_files
from data_tools.matting.surfaces import PHOTOGRAPHS, PHOTOGRAPHS_PACKAGE, read_photographs, read_textures
from data_tools.packages import default_cache, package_root
from liwi.command_line import errors_for_people
from liwi.progress import Progress, ReportProgress

ART_LICENCES = {"openclipart-png": "public domain", **{f"{PHOTOGRAPHS_PACKAGE} {name}": licence for name, licence in PHOTOGRAPHS.items()}}
LICENCES = {
    "scikit-image data/{grass,gravel,brick}.png": "CC0",
    "characters and shapes drawn by this program": "Apache-2.0, as the program",
}
"""Of what else the samples are made of."""


def matting(
    out: Annotated[Path, typer.Argument(help="A new folder, or one that the same command began.")],
    live2d: Annotated[Path | None, typer.Option(help="Folder of `live2d synthesize`: characters as objects.")] = None,
    train: Annotated[int, typer.Option(min=1, help="Samples to train with.")] = 16000,
    evaluation: Annotated[int, typer.Option(min=1, help="Samples to measure with, of other objects.")] = 512,
    prior_share: Annotated[float, typer.Option(min=0, max=1, help="Share of the training samples that get the classical answer.")] = 0.4,
    shapes: Annotated[int, typer.Option(min=24, help="Objects drawn by code.")] = 1500,
    exclude: Annotated[list[Path] | None, typer.Option(help="Composites whose pictures are left out; repeat for more.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives other samples.")] = 0,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes at a time.")] = 1,
    with_art: Annotated[bool, typer.Option("--art/--no-art", help="Clip art and photographs; without, nothing is downloaded.")] = True,
    packages: Annotated[Path | None, typer.Option(help="Folder with the .deb files; missing ones are downloaded into it.")] = None,
) -> None:
    """Samples for the matting network: scenes with exact alpha, the classical answer, and simulated corrections."""
    with errors_for_people():
        left_out = excluded_files(exclude or [])
        plan = {
            "format": "liwi-matting-plan",
            "live2d": sorted(path.name for path in live2d.iterdir() if path.is_dir()) if live2d and live2d.is_dir() else [],
            "counts": {"train": train, "evaluation": evaluation},
            "prior_share": prior_share,
            "shapes": shapes,
            "art": with_art,
            "excluded": digest(encode_document({"files": sorted(left_out)})),
            "seed": seed,
        }
        begin(out, plan)
        if not (out / OBJECTS).is_file():
            cache = packages or default_cache()
            art = clip_art(package_root("openclipart-png", cache), left_out, _report) if with_art else ()
            objects = [*art, *(characters(live2d) if live2d else []), *drawn(shapes, seed)]
            surfaces = read_textures(package_root("scikit-image", cache))
            if with_art:
                surfaces += read_photographs(package_root(PHOTOGRAPHS_PACKAGE, cache))
            write_objects(out / OBJECTS, objects, surfaces)
            typer.echo(f"{len(objects)} objects")
        licences = {**(ART_LICENCES if with_art else {}), **LICENCES}
        names = _make(out, plan, workers, _report)
        manifest = finish(out, names, {"counts": plan["counts"], "seed": seed, "plan": plan, "licences": licences})
    typer.echo(f"{out}: {manifest['counts']['train']} training and {manifest['counts']['evaluation']} evaluation samples")


def _make(folder: Path, plan: dict[str, Any], workers: int, report: ReportProgress) -> list[str]:
    """Every shard of the plan, the missing ones made by ``workers`` processes; their names in order."""
    jobs = [(Purpose(name), number, count) for name in ("evaluation", "train") for number, count in plan_shards(plan["counts"][name])]
    done: list[str] = []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        waiting = [
            pool.submit(
                write_shard,
                folder,
                purpose,
                number,
                count,
                seed=plan["seed"],
                prior_share=plan["prior_share"] if purpose is Purpose.TRAIN else 1.0,
            )
            for purpose, number, count in jobs
        ]
        for finished in as_completed(waiting):
            done.append(finished.result())
            report(Progress("Making samples", len(done), len(jobs)))
    return sorted(done)


def _one_thread() -> None:
    """Workers share the processors among themselves already."""
    import cv2

    cv2.setNumThreads(1)


def _report(progress: Progress) -> None:
    if progress.done % 20 == 0 or progress.done == progress.total:
        typer.echo(f"[{progress.done}/{progress.total}] {progress.stage}", err=True)
