"""Whether the served part diffusion can answer on this computer, told without torch. A checkpoint with a base has 8 GB of weights."""

from liwi.readiness import has_gpu_driver, served_card

PARTS, DEPTH = "part_diffusion", "pseudo_depth"
"""Kinds of checkpoints, see `liwi.checkpoint_kinds`."""

PARTS_CARD, DEPTH_CARD = f"{PARTS}.json", f"{DEPTH}.json"
"""What a checkpoint says of itself, see `liwi.seethrough.checkpoint`."""

LEAST_HOST = 24
"""GiB of memory from which on the published networks may run without a GPU, in hours."""


def missing() -> tuple[str, ...]:
    """What the served checkpoint lacks here, in words; empty where nothing, or where none is served."""
    if served_card(PARTS, PARTS_CARD).get("base") and not has_gpu_driver():
        import psutil

        if psutil.virtual_memory().total < LEAST_HOST * 2**30:
            return (f"a GPU, or {LEAST_HOST} GiB of memory: the served checkpoint builds on a model of 10 GB",)
    return ()
