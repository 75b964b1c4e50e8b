"""Videos from frames."""

import contextlib
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
"""Hundredths of a second that a frame of a GIF lasts at least: programs show shorter ones for longer."""


def writable(wanted: Path) -> Path:
    """The file that `save_video` can write: GIF in place of mp4 where imageio-ffmpeg is not installed."""
    can_encode = importlib.util.find_spec("imageio_ffmpeg") is not None
    return wanted if can_encode or wanted.suffix == ".gif" else wanted.with_suffix(".gif")


def gif_frames(count: int, fps: int) -> tuple[list[int], list[int]]:
    """Which frames a GIF shows, and for how many hundredths of a second each; the whole lasts as long.

    A GIF counts in hundredths and shows at most 50 frames a second; above that, some are left out.

    Args:
      count: frames there are.
      fps: frames a second.
    """
    total = max(_SHORTEST, round(100 * count / fps))
    shown = max(1, min(count, total // _SHORTEST))
    ends = [round(total * (k + 1) / shown) for k in range(shown)]
    lengths = [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
    return [k * count // shown for k in range(shown)], lengths


def save_video(path: Path, frames: np.ndarray, *, fps: int = 24) -> None:
    """Write frames as .mp4 or .gif, by the name of `path`.

    Args:
      path: file to write; it appears complete or not at all.
      frames: `[T, H, W, 3]` uint8.
      fps: frames a second.

    Raises:
      InputError: if the encoder of .mp4 fails; an earlier file stays as it was.
    """
    with replacing(path) as temporary:
        if path.suffix == ".gif":
            shown, lengths = gif_frames(len(frames), fps)
            first, *others = (Image.fromarray(frames[k]) for k in shown)
            durations = [10 * length for length in lengths]
            first.save(
                temporary, format="GIF", save_all=True, append_images=others, duration=durations, loop=0
            )
        else:
            _save_mp4(temporary, frames, fps, path)


def _save_mp4(temporary: Path, frames: np.ndarray, fps: int, path: Path) -> None:
    """Run the encoder; its messages go into a file, so that neither waits for the other."""
    import imageio_ffmpeg

    _, height, width, _ = frames.shape
    frames = frames[:, : height // 2 * 2, : width // 2 * 2]  # H.264 stores colour at half resolution
    size = f"{frames.shape[2]}x{frames.shape[1]}"
    picture = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(fps), "-i", "-"]
    coded = ["-an", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "10", "-f", "mp4"]
    with tempfile.TemporaryFile() as messages:
        try:
            with warnings.catch_warnings():
                # It may try the program by a fork, of which JAX warns; exec follows at once.
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
        # The encoder may be gone before all frames are written; why, its messages say.
        with contextlib.suppress(BrokenPipeError), encoder:
            assert encoder.stdin is not None
            for frame in frames:
                encoder.stdin.write(np.ascontiguousarray(frame).data)
        messages.seek(0)
        lines = messages.read().decode("utf-8", "replace").split("\n")
    if encoder.returncode != 0 or not temporary.stat().st_size:
        said = next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")
        raise InputError(f"{path}: the encoder ffmpeg failed, exit code {encoder.returncode} ({said})")
