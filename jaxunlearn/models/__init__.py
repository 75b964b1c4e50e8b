"""Load, convert and apply networks; render; place cameras."""
