"""Pictures, videos and meshes of what a generator makes."""
