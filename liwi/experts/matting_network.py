"""The compact matting network: which pixels are the object that a box is drawn around, given what the classical method thinks of it.

    picture, support, box, prior, marks ─► U-Net ─► correction
                                  logit(prior) + correction ─► probability

It predicts a correction to the prior's log-odds and starts at zero: untrained it is the prior.

Letters at the end of names: B batch, C channels, H height, W width.
"""

import torch
from torch import Tensor, nn

from liwi.experts.unet import UNet, UNetSettings

NUM_INPUTS = 9
"""Channels that `stack_inputs` makes."""

LARGEST_LOGIT = 5.0
"""The prior's log-odds are held in this range: it may be sure, and still be wrong."""


def stack_inputs(rgb: Tensor, support: Tensor, box: Tensor, prior: Tensor, has_prior: Tensor, marks: Tensor) -> Tensor:
    """What the network sees.

    Args:
        rgb: (B, 3, H, W) in [0, 1].
        support: (B, 1, H, W), 1 where the picture has pixels.
        box: (B, 1, H, W), 1 inside the prompt.
        prior: (B, 1, H, W) in [0, 1], what the classical segmenter answers; anything where ``has_prior`` is 0.
        has_prior: (B, 1, 1, 1), 0 or 1.
        marks: (B, 1, H, W), 0 unmarked, 1 kept, 2 dropped: see `liwi.imaging.hint_marks`.

    Returns:
        (B, `NUM_INPUTS`, H, W).
    """
    known = has_prior.expand_as(prior)
    return torch.cat(
        [(rgb - 0.5) * 4 * support, support, box * 2 - 1, (prior * 2 - 1) * known * support, known, (marks == 1) * 4.0, (marks == 2) * 4.0],
        dim=1,
    )


def prior_logits(prior: Tensor, has_prior: Tensor, box: Tensor) -> Tensor:
    """Log-odds of the prior in [-`LARGEST_LOGIT`, `LARGEST_LOGIT`]; where there is none, 0 in the box. Shapes as in `stack_inputs`."""
    known = torch.logit(prior.clamp(1e-4, 1 - 1e-4)).clamp(-LARGEST_LOGIT, LARGEST_LOGIT)
    return known * has_prior + (box - 1) * LARGEST_LOGIT * (1 - has_prior)


class MattingNetwork(UNet):
    """See the module's text."""

    def __init__(self, settings: UNetSettings) -> None:
        super().__init__(settings, NUM_INPUTS)
        self.correction = nn.Conv2d(settings.details, 1, 3, padding=1)
        nn.init.zeros_(self.correction.weight)
        assert self.correction.bias is not None  # the default
        nn.init.zeros_(self.correction.bias)

    def forward(self, inputs_BCHW: Tensor, prior_logits_B1HW: Tensor) -> Tensor:  # noqa: N803 (shape suffixes)
        """Log-odds that each pixel is the object.

        Args:
            inputs_BCHW: (B, `NUM_INPUTS`, H, W) of `stack_inputs`; H and W multiples of ``settings.multiple``.
            prior_logits_B1HW: (B, 1, H, W) of `prior_logits`.

        Returns:
            (B, 1, H, W).
        """
        return prior_logits_B1HW + self.correction(self.features(inputs_BCHW))
