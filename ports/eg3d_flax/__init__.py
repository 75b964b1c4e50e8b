"""EG3D's generator in Flax."""
