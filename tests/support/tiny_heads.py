"""Sizes of a generator like `heads`, small enough to be trained in tests."""

TINY = {
    "w_dim": 16,
    "img_resolution": 32,
    "num_layers": 1,
    "channel_base": 64,
    "channel_max": 8,
    "neural_rendering_resolution": 16,
    "sr_input_resolution": 16,
    "sr_channels": (4, 4),
    "depth_resolution": 4,
    "depth_resolution_importance": 2,
    "plane_resolution": 8,
    "plane_channels": 4,
    "decoder_hidden_dim": 8,
    "decoder_output_dim": 4,
}
