"""Many runs: work lists, requests one after the other, and sweeps."""
