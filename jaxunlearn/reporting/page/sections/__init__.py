"""Sections of a run's page: each module gathers the plain data that its template shows."""
