"""Whether the served layered checkpoint can answer on this computer, told without torch: ``auto`` asks each time a picture is opened.

A checkpoint with a base has 57 GB and wants a GPU; one in which everything lies is small and runs anywhere.
"""

from liwi.readiness import has_gpu_driver, served_card

CARD = "layering.json"
"""What a checkpoint of ours says of itself, see `liwi.layering.checkpoint`."""


def missing() -> tuple[str, ...]:
    """What the served checkpoint lacks here, in words; empty where nothing, or where none is served."""
    if served_card("layering", CARD).get("base") and not has_gpu_driver():
        return ("a GPU: the served checkpoint builds on a model of 57 GB",)
    return ()
