"""LEGATO (arXiv 2601.04282): GUIDE's pairs, but only small adapters are trained."""
