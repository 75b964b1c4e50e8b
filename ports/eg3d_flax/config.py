"""Config of a tri-plane generator: sizes and rendering settings."""

import dataclasses
import warnings
from collections.abc import Mapping
from typing import Any, Literal, Self

from torch_bridge.limits import Limits, refuse_unusable, with_tuples

SuperresolutionName = Literal["2X", "4X", "8X", "8XDC", "none"]
PlaneAxes = Literal["eg3d", "fixed"]


@dataclasses.dataclass(frozen=True)
class _SuperresolutionShape:
    """The structure of an official super-resolution module."""

    input_resolution: int
    channels: tuple[int, int]
    first_block_up: bool
    resize_larger_inputs: bool  # "4X" can only enlarge


SUPERRESOLUTION_SHAPES: dict[str, _SuperresolutionShape] = {
    "2X": _SuperresolutionShape(64, (128, 64), first_block_up=False, resize_larger_inputs=True),
    "4X": _SuperresolutionShape(128, (128, 64), first_block_up=False, resize_larger_inputs=False),
    "8X": _SuperresolutionShape(128, (128, 64), first_block_up=True, resize_larger_inputs=True),
    "8XDC": _SuperresolutionShape(128, (256, 128), first_block_up=True, resize_larger_inputs=True),
}

# Constructor arguments that do not change what a trained generator computes in float32.
_IGNORED_KWARGS = {"fused_modconv_default", "num_fp16_res", "sr_kwargs", "class_name"}
_IGNORED_RENDERING_KWARGS = {
    "image_resolution",
    "clamp_mode",
    "gpc_reg_prob",
    "c_disc_bp_conditioning_zero",
    "density_reg",
    "density_reg_p_dist",
    "reg_type",
    "density_noise",
    "cfg_name",
    "avg_cam_radius",  # see _AVERAGE_CAMERA
    "avg_cam_pivot",
}
_AVERAGE_CAMERA: dict[str, tuple[str, Any]] = {
    "avg_camera_radius": ("avg_cam_radius", 2.7),
    "avg_camera_pivot": ("avg_cam_pivot", (0.0, 0.0, 0.0)),
}
"""EG3D's name → the name that GUIDE and SUGAR read instead, and what they take where it is missing."""


_LIMITS: Limits = {
    "z_dim": (1, 8192),
    "c_dim": (0, 1024),
    "w_dim": (1, 8192),
    "img_resolution": (1, 4096),
    "num_layers": (1, 64),
    "channel_base": (1, 2**22),
    "channel_max": (1, 8192),
    "sr_num_fp16_res": (0, 16),
    "neural_rendering_resolution": (1, 1024),
    "sr_input_resolution": (1, 2048),
    "sr_channels": (1, 8192),
    "depth_resolution": (1, 1024),
    "depth_resolution_importance": (0, 1024),
    "plane_resolution": (1, 4096),
    "plane_channels": (1, 1024),
    "decoder_hidden_dim": (1, 8192),
    "decoder_output_dim": (1, 1024),
}
"""Limits of several times EG3D's sizes; a file with larger sizes is refused before anything is built."""


@dataclasses.dataclass(frozen=True)
class GeneratorConfig:
    """Sizes and rendering settings of a `TriPlaneGenerator`; by default those of `ffhqrebalanced512-128`.

    Field names are those of EG3D's constructor (`training.triplane.TriPlaneGenerator`) and of its
    `rendering_kwargs`. Sizes that are constants in EG3D's code are fields here, so that small models are
    possible.

    Attributes:
      z_dim: width of the input latent z.
      c_dim: width of the camera label c; 25, or 0 for a generator without camera conditioning.
      w_dim: width of one row of ws.
      img_resolution: side of the final image in pixels.
      num_layers: number of layers of the mapping network (`mapping_kwargs.num_layers`).
      channel_base: at resolution r there are `min(channel_base // r, channel_max)` channels.
      channel_max: see `channel_base`.
      conv_clamp: activations of the backbone are clamped to ±conv_clamp; None does not clamp.
      sr_num_fp16_res: only its sign matters here: a positive number clamps super-resolution to ±256, as in
        the official half-precision layers, also in float32.
      neural_rendering_resolution: side of the rendered feature image, in rays.
      superresolution_module: official module from the feature image to the final image; "none" returns the
        volume rendering itself.
      superresolution_noise_mode: noise in the super-resolution layers, "none" or "random".
      sr_antialias: True antialiases when the feature image shrinks to the module's input size.
      sr_input_resolution: side of the module's input; None is the module's official size.
      sr_channels: channels of the module's two blocks; None are the official numbers.
      depth_resolution: number of stratified samples along a ray.
      depth_resolution_importance: number of additional samples, placed where the stratified samples found
        density.
      ray_start: distance along the ray where samples begin; "auto" is the near side of the box.
      ray_end: distance along the ray where samples end; "auto" is the far side of the box.
      box_warp: side of the planes' cube in world units.
      disparity_space_sampling: True spreads the samples evenly in 1/distance.
      white_back: True gives a white background instead of a black one (-1 in the image range).
      c_scale: factor of c before it conditions the mapping network.
      c_gen_conditioning_zero: True conditions on zeros instead of c.
      decoder_lr_mul: learning-rate multiplier of the decoder, which is part of its stored weights.
      avg_camera_radius: distance of the average training camera from the origin.
      avg_camera_pivot: point that the average camera looks at.
      face_unit: length, in world units, of the unit of the standard face: the mean Basel face as
        Deep3DFaceRecon normalises it. The scripts that made the cameras of EG3D's faces use the default.
      face_origin: place of the standard face's origin in the world. Both tell where faces are; rendering does
        not read them.
      plane_resolution: side of a feature plane in texels; a power of two, at least 8.
      plane_channels: features per texel of a plane.
      decoder_hidden_dim: hidden width of the decoder.
      decoder_output_dim: rendered features per sample; the first three are the raw colours.
      plane_axes: "eg3d" projects onto XY, XZ and ZX, as all released weights need; "fixed" uses ZY instead of
        the repeated third plane.
    """

    z_dim: int = 512
    c_dim: int = 25
    w_dim: int = 512
    img_resolution: int = 512
    num_layers: int = 2
    channel_base: int = 32768
    channel_max: int = 512
    conv_clamp: float | None = None
    sr_num_fp16_res: int = 4
    neural_rendering_resolution: int = 128

    superresolution_module: SuperresolutionName = "8XDC"
    superresolution_noise_mode: Literal["none", "random"] = "none"
    sr_antialias: bool = True
    sr_input_resolution: int | None = None
    sr_channels: tuple[int, int] | None = None

    depth_resolution: int = 48
    depth_resolution_importance: int = 48
    ray_start: float | Literal["auto"] = 2.25
    ray_end: float | Literal["auto"] = 3.3
    box_warp: float = 1.0
    disparity_space_sampling: bool = False
    white_back: bool = False
    c_scale: float = 1.0
    c_gen_conditioning_zero: bool = False
    decoder_lr_mul: float = 1.0
    avg_camera_radius: float = 2.7
    avg_camera_pivot: tuple[float, float, float] = (0.0, 0.0, 0.2)
    face_unit: float = 0.27
    face_origin: tuple[float, float, float] = (0.0, 0.006, 0.161)

    plane_resolution: int = 256
    plane_channels: int = 32
    decoder_hidden_dim: int = 64
    decoder_output_dim: int = 32
    plane_axes: PlaneAxes = "eg3d"

    def __post_init__(self) -> None:
        refuse_unusable(self, _LIMITS)
        problems = []
        if self.plane_resolution < 8 or self.plane_resolution & (self.plane_resolution - 1):
            problems.append(f"plane_resolution must be a power of two ≥ 8, not {self.plane_resolution}")
        if self.channel_base < self.plane_resolution:
            problems.append(f"channel_base must be at least plane_resolution, not {self.channel_base}")
        if self.decoder_output_dim < 3:
            problems.append("decoder_output_dim must be at least 3: the first three are the raw colours")
        if (self.ray_start == "auto") != (self.ray_end == "auto"):
            problems.append("ray_start and ray_end must both be 'auto' or both be numbers")
        elif self.ray_start != "auto" and self.ray_end != "auto" and self.ray_start >= self.ray_end:
            problems.append(f"ray_start ({self.ray_start}) must be below ray_end ({self.ray_end})")
        for name in ("box_warp", "decoder_lr_mul", "conv_clamp", "avg_camera_radius", "face_unit"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                problems.append(f"{name} must be above 0, not {value}")
        if self.depth_resolution < 2:
            problems.append(f"depth_resolution must be at least 2, not {self.depth_resolution}")
        if self.depth_resolution_importance and self.depth_resolution < 4:
            problems.append("importance sampling needs depth_resolution ≥ 4")
        if self.img_resolution != self._output_resolution:
            problems.append(
                f"img_resolution is {self.img_resolution}, but {self.superresolution_module} "
                f"super-resolution gives {self._output_resolution}"
            )
        if problems:
            raise ValueError("; ".join(problems))

    @property
    def _output_resolution(self) -> int:
        if self.superresolution_module == "none":
            return self.neural_rendering_resolution
        return self.superresolution_input_resolution * (4 if self.superresolution_shape.first_block_up else 2)

    @property
    def superresolution_shape(self) -> _SuperresolutionShape:
        """The structure of the chosen super-resolution module; KeyError for "none"."""
        return SUPERRESOLUTION_SHAPES[self.superresolution_module]

    @property
    def superresolution_input_resolution(self) -> int:
        """Side of the input of super-resolution."""
        return self.sr_input_resolution or self.superresolution_shape.input_resolution

    @property
    def most_rays(self) -> int | None:
        """Greatest number of rays along each side that super-resolution takes; None takes any."""
        if self.superresolution_module == "none" or self.superresolution_shape.resize_larger_inputs:
            return None
        return self.superresolution_input_resolution

    @property
    def superresolution_channels(self) -> tuple[int, int]:
        """Channels of the two super-resolution blocks."""
        return self.sr_channels or self.superresolution_shape.channels

    @property
    def superresolution_conv_clamp(self) -> float | None:
        """Clamp of the super-resolution layers."""
        return 256.0 if self.sr_num_fp16_res > 0 else None

    @property
    def num_ws(self) -> int:
        """Number of rows of ws, one for each convolution of the backbone, and one for its last ToRGB."""
        return 2 * (self.plane_resolution.bit_length() - 1) - 2

    @classmethod
    def ffhq512_128(cls) -> Self:
        """Return the config of `ffhq512-128.pkl` and `ffhqrebalanced512-128.pkl`."""
        return cls()

    @classmethod
    def ffhq512_64(cls) -> Self:
        """Return the config of `ffhq512-64.pkl` and `ffhqrebalanced512-64.pkl`."""
        return cls(neural_rendering_resolution=64)

    @classmethod
    def afhqcats512_128(cls) -> Self:
        """Return the config of `afhqcats512-128.pkl`."""
        return cls(avg_camera_pivot=(0.0, 0.0, -0.06))

    @classmethod
    def shapenetcars128_64(cls) -> Self:
        """Return the config of `shapenetcars128-64.pkl`."""
        return cls(
            img_resolution=128,
            neural_rendering_resolution=64,
            superresolution_module="2X",
            c_gen_conditioning_zero=True,
            depth_resolution=64,
            depth_resolution_importance=64,
            ray_start=0.1,
            ray_end=2.6,
            box_warp=1.6,
            white_back=True,
            avg_camera_radius=1.7,
            avg_camera_pivot=(0.0, 0.0, 0.0),
        )

    @classmethod
    def small(cls) -> Self:
        """Return the config of a small generator for tests: 64 x 64 pixels, 0.7 M parameters."""
        return cls(
            z_dim=64,
            w_dim=64,
            img_resolution=64,
            channel_base=1024,
            channel_max=64,
            sr_num_fp16_res=0,
            neural_rendering_resolution=32,
            superresolution_module="2X",
            sr_input_resolution=32,
            sr_channels=(32, 16),
            depth_resolution=12,
            depth_resolution_importance=12,
            plane_resolution=32,
            plane_channels=16,
            decoder_hidden_dim=32,
            decoder_output_dim=16,
        )

    @classmethod
    def heads(cls) -> Self:
        """Return the config of the generator of synthetic people: 128 x 128 pixels, 2.4 million numbers.

        Its size suits two CPU cores. The person does not depend on the camera, so the mapping network is
        conditioned on zeros, as in EG3D's cars; any camera may be passed. Planes and rays fit the heads
        closely; their faces are smaller and lower than EG3D's.
        """
        return cls(
            z_dim=64,
            w_dim=128,
            img_resolution=128,
            num_layers=3,
            channel_base=3072,
            channel_max=192,
            sr_num_fp16_res=0,
            neural_rendering_resolution=64,
            superresolution_module="2X",
            sr_input_resolution=64,
            sr_channels=(48, 24),
            depth_resolution=12,
            depth_resolution_importance=12,
            ray_start=2.28,
            ray_end=2.90,
            box_warp=0.88,
            face_unit=0.2146,
            face_origin=(0.0, -0.0774, 0.2611),
            white_back=True,
            c_gen_conditioning_zero=True,
            plane_resolution=64,
            plane_channels=16,
            decoder_hidden_dim=32,
            decoder_output_dim=24,
            plane_axes="fixed",
        )

    @classmethod
    def from_official(
        cls, init_kwargs: Mapping[str, Any], neural_rendering_resolution: int | None = None
    ) -> Self:
        """Build a config from the constructor arguments in an official checkpoint.

        Args:
          init_kwargs: the `_init_kwargs` of the pickled generator.
          neural_rendering_resolution: the attribute of this name in the checkpoint, which is not a
            constructor argument; None is the official default of 64.

        Raises:
          ValueError: if an argument is missing, or has a value that this port cannot represent.

        Warns:
          UserWarning: of arguments that are not read, and of a missing average camera.
        """
        kwargs = dict(init_kwargs)
        rendering = dict(kwargs.pop("rendering_kwargs", {}))
        mapping = dict(kwargs.pop("mapping_kwargs", {}))
        fields: dict[str, Any] = {"num_layers": mapping.pop("num_layers", 8)}
        fields["neural_rendering_resolution"] = neural_rendering_resolution or 64
        if kwargs.pop("img_channels", 3) != 3:
            raise ValueError("img_channels must be 3")
        if rendering.get("clamp_mode", "softplus") != "softplus":
            raise ValueError(f"clamp_mode must be 'softplus', not {rendering['clamp_mode']!r}")
        if rendering.get("density_noise", 0):
            raise ValueError("density_noise must be 0: no released generator uses it")
        # Defaults of the official constructors that differ from ours.
        fields.update(conv_clamp=256, sr_num_fp16_res=0, c_scale=0, **_average_camera(rendering))
        module = str(rendering.pop("superresolution_module", "")).rpartition("SuperresolutionHybrid")[2]
        fields["superresolution_module"] = module
        names = {field.name for field in dataclasses.fields(cls)}
        missing = {"z_dim", "c_dim", "w_dim", "img_resolution"} - kwargs.keys()
        missing |= {"depth_resolution", "ray_start", "ray_end", "box_warp"} - rendering.keys()
        if missing:
            raise ValueError(f"the generator's arguments lack {', '.join(sorted(missing))}")
        unread = [f"mapping_kwargs.{key}" for key in mapping]
        for source, ignored, label in (
            (kwargs, _IGNORED_KWARGS, ""),
            (rendering, _IGNORED_RENDERING_KWARGS, "rendering_kwargs."),
        ):
            for key, value in source.items():
                if key in names:
                    fields[key] = tuple(value) if isinstance(value, list) else value
                elif key not in ignored:
                    unread.append(label + key)
        if unread:
            warnings.warn(f"arguments of the generator that are not read: {', '.join(unread)}", stacklevel=2)
        return cls(**fields)

    def to_json(self) -> dict[str, Any]:
        """Return all fields as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Return the config of `to_json`.

        Raises:
          ValueError: if a field is unknown.
        """
        unknown = fields.keys() - {field.name for field in dataclasses.fields(cls)}
        if unknown:
            raise ValueError(f"unknown generator settings: {', '.join(sorted(unknown))}")
        return cls(**with_tuples(fields))


def _average_camera(rendering: Mapping[str, Any]) -> dict[str, Any]:
    """Return the average camera of official rendering settings; warn of what is missing and filled in."""
    camera: dict[str, Any] = {}
    missing: list[str] = []
    for name, (other, otherwise) in _AVERAGE_CAMERA.items():
        camera[name] = rendering.get(name, rendering.get(other, otherwise))
        if name not in rendering and other not in rendering:
            missing.append(f"{name} (using {otherwise})")
    if missing:
        warnings.warn(f"the generator's arguments lack {', '.join(missing)}", stacklevel=3)
    return with_tuples(camera)
