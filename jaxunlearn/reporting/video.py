"""Write films as .mp4 or .gif."""

import contextlib
import dataclasses
import importlib.util
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from jaxunlearn.errors import InputError
from torch_bridge import replacing

FORMATS = (".mp4", ".gif")

_SHORTEST = 2
"""Shortest duration of a GIF's frame in hundredths of a second. Viewers play shorter frames slower."""


@dataclasses.dataclass(frozen=True)
class Video:
    """An orbit around each sample, in a file of a plain name that ends in one of `FORMATS`."""

    name: Path
    frames: int = 72
    fps: int = 24


def writable(wanted: Path) -> Path:
    """Return a path that `save_video` can write: .gif in place of .mp4 if imageio-ffmpeg is not installed."""
    can_encode = importlib.util.find_spec("imageio_ffmpeg") is not None
    return wanted if can_encode or wanted.suffix == ".gif" else wanted.with_suffix(".gif")


def gif_frames(count: int, fps: int) -> tuple[list[int], list[int]]:
    """Choose the frames of a GIF and their durations; the total duration stays the same.

    A GIF counts in hundredths of a second and plays at most 50 frames per second; of more, some are left out.

    Args:
      count: number of frames of the film.
      fps: frames per second of the film.

    Returns:
      Numbers of the frames in the GIF, and the hundredths of a second of each.
    """
    total = max(_SHORTEST, round(100 * count / fps))
    kept = max(1, min(count, total // _SHORTEST))
    ends = [round(total * (k + 1) / kept) for k in range(kept)]
    lengths = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
    return [k * count // kept for k in range(kept)], lengths


def save_video(path: Path, frames: np.ndarray, *, fps: int = 24) -> None:
    """Write frames as .mp4 or .gif, by the suffix of `path`.

    Args:
      path: file to write; it appears complete or not at all.
      frames: `[T, H, W, 3]` uint8.
      fps: frames per second.

    Raises:
      InputError: if the encoder of .mp4 fails; a file that was there before stays.
    """
    with replacing(path) as temporary:
        if path.suffix == ".gif":
            kept, lengths = gif_frames(len(frames), fps)
            first, *others = (Image.fromarray(frames[k]) for k in kept)
            durations = [10 * length for length in lengths]
            first.save(
                temporary, format="GIF", save_all=True, append_images=others, duration=durations, loop=0
            )
        else:
            _save_mp4(temporary, frames, fps, path)


def _save_mp4(temporary: Path, frames: np.ndarray, fps: int, path: Path) -> None:
    """Run the encoder. Its messages go into a file: with a pipe, both programs could wait for each other."""
    import imageio_ffmpeg

    _, height, width, _ = frames.shape
    frames = frames[:, : height // 2 * 2, : width // 2 * 2]  # H.264 stores colour at half resolution
    size = f"{frames.shape[2]}x{frames.shape[1]}"
    picture = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(fps), "-i", "-"]
    coded = ["-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "10", "-f", "mp4"]
    with tempfile.TemporaryFile() as messages:
        try:
            with warnings.catch_warnings():
                # This may fork to try the program; JAX warns of forks, but exec follows at once.
                warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)
                program = imageio_ffmpeg.get_ffmpeg_exe()
            command = [program, "-y", "-loglevel", "error", *picture, *coded]
            encoder = subprocess.Popen(
                [*command, str(temporary)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=messages,
            )
        except (OSError, RuntimeError) as error:
            raise InputError(f"{path}: the encoder ffmpeg does not start ({error}); write a .gif") from error
        # The encoder may end before all frames are written; its messages say why.
        with contextlib.suppress(BrokenPipeError), encoder:
            assert encoder.stdin is not None
            for frame in frames:
                encoder.stdin.write(np.ascontiguousarray(frame).data)
        messages.seek(0)
        lines = messages.read().decode("utf-8", "replace").split("\n")
    if encoder.returncode != 0 or not temporary.stat().st_size:
        message = next((line.strip() for line in reversed(lines) if line.strip()), "without a message")
        raise InputError(f"{path}: the encoder ffmpeg failed, exit code {encoder.returncode} ({message})")
