"""GUIDE (CVPR 2024): one person a generator copy."""
