"""Files: reading those from outside safely, checking their form, names, locks."""
