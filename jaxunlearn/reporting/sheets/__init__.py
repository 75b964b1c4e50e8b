"""Pictures of a run's page, kept in the run folder: the page is made anew without rendering."""
