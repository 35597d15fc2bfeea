"""A `Decomposition` written to files that other programs open, and read back where the format keeps everything."""
