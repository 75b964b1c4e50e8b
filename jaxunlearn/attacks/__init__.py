"""Attack an unlearned generator: what somebody who wants to know or to bring back a person can do."""
