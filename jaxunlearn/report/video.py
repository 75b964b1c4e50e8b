"""Videos from frames."""

import importlib.util
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from torch_bridge import replacing

FORMATS = (".mp4", ".gif")


def writable(wanted: Path) -> Path:
    """The file that `save_video` can write: GIF in place of mp4 where imageio-ffmpeg is not installed."""
    can_encode = importlib.util.find_spec("imageio_ffmpeg") is not None
    return wanted if can_encode or wanted.suffix == ".gif" else wanted.with_suffix(".gif")


def save_video(path: Path, frames: np.ndarray, *, fps: int = 24) -> None:
    """Write frames as .mp4 or .gif, by the name of `path`.

    Args:
      path: file to write; it appears complete or not at all.
      frames: `[T, H, W, 3]` uint8.
      fps: frames a second.
    """
    with replacing(path) as temporary:
        if path.suffix == ".gif":
            first, *others = (Image.fromarray(frame) for frame in frames)
            duration = round(1000 / fps)
            first.save(
                temporary, format="GIF", save_all=True, append_images=others, duration=duration, loop=0
            )
        else:
            _save_mp4(temporary, frames, fps)


def _save_mp4(path: Path, frames: np.ndarray, fps: int) -> None:
    import imageio_ffmpeg

    _, height, width, _ = frames.shape
    frames = frames[:, : height // 2 * 2, : width // 2 * 2]  # H.264 stores colour at half resolution
    writer = imageio_ffmpeg.write_frames(
        str(path),
        (frames.shape[2], frames.shape[1]),
        fps=fps,
        quality=8,
        macro_block_size=2,
        output_params=["-f", "mp4"],
    )
    with warnings.catch_warnings():
        # JAX warns of any fork; this one is followed by exec at once.
        warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)
        writer.send(None)
    for frame in frames:
        writer.send(np.ascontiguousarray(frame))
    writer.close()
