"""The compiled step ahead of time: for devices that are not here, from shapes."""
