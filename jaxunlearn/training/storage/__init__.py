"""What a run keeps on disk: the run folder, its forms, its log, its checkpoints."""
