"""Pictures of characters with the body part that each pixel shows: what part segmentation is trained with."""
