"""The bundled models: weights and data files. `MODELS.md` says where each comes from."""
