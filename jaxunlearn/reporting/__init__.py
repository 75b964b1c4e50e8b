"""Pictures, pages and plain words about a run."""
