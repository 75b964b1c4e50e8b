"""Files: the one door for those from outside, forms, names, locks."""
