"""Characters drawn by code and rigged as real Live2D puppets: free of anybody's rights, with the true label of every ArtMesh."""
