"""Makes samples: layered composites for measuring, characters for training."""
