"""Settings of a method: how they are declared, checked, and turned into what a run works with."""
