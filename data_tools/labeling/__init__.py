"""First labels for ArtMeshes: what names, motion, place and neighbours in the part tree say (paper 2, appendix A)."""
