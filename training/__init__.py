"""Makes checkpoints: a job and a dataset in, a run folder out. A dataset folder is the only door through which labels come."""
