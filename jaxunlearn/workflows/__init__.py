"""Many runs: work lists, requests one after another, sweeps."""
