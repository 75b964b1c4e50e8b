"""Programs that measure speed, and their results; a package, so that another of this name cannot hide it."""
