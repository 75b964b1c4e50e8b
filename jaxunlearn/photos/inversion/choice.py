"""Choose how photos are inverted: by which method, with which encoder, and what that is given.

`encoder`: one pass of a network, then a search for the camera only. `optimize`: a search from the mean face.
`hybrid`: a search that starts from the encoder's latents.
"""

import dataclasses
from os import PathLike
from pathlib import Path
from typing import Literal, NamedTuple, TypedDict, get_args

from eg3d_flax import GeneratorConfig, camera
from goae_flax import GOAEConfig
from jaxunlearn.errors import InputError
from jaxunlearn.models.cameras import field_of_view
from jaxunlearn.models.encoder import Encoder, load_encoder
from jaxunlearn.models.files import pretrained
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.search import InversionSettings

Method = Literal["encoder", "optimize", "hybrid"]
METHODS: tuple[Method, ...] = get_args(Method)
EncoderInput = Literal["crop", "file"]
"""What an encoder is given of a photo: the crop that the loss compares with the generator's image, or the
whole file as `image_to_tensor` of GUIDE and SUGAR makes it, see `image_io.whole_picture`."""
ENCODER_INPUTS: tuple[EncoderInput, ...] = get_args(EncoderInput)
_OF_FACES, _OF_CATS = "encoder_FFHQ.pt", "encoder_AFHQ.pt"


class Inverting(TypedDict, total=False):
    """How photos are inverted: arguments of `invert.people_from_photos`."""

    method: Method | None
    encoder: str | Path | Encoder | None
    encoder_input: EncoderInput


def published_encoder(models: Models) -> Path | None:
    """Return the file of GOAE's encoder for a generator of EG3D, if `jaxunlearn models` finds it."""
    config, published = models.generator.config, GOAEConfig.ffhq()
    name = _published_name(config)
    if name is None or (config.num_ws, config.w_dim) != (published.num_ws, published.w_dim):
        return None
    return pretrained.find(pretrained.entry(name), pretrained.search_folders())


def _published_name(config: GeneratorConfig) -> str | None:
    """Return the file's name; None for cars. Cats are told from faces by where their cameras look."""
    if field_of_view(config) != camera.FFHQ_FOV:
        return None
    cats = GeneratorConfig.afhqcats512_128().avg_camera_pivot
    return _OF_CATS if config.avg_camera_pivot == cats else _OF_FACES


def default_method(models: Models, encoder: object = None) -> Method:
    """Return "hybrid" if an encoder is bundled, given or found, else "optimize", which needs no encoder."""
    if encoder or models.is_bundled or published_encoder(models) is not None:
        return "hybrid"
    return "optimize"


def settings_for(method: Method, models: Models) -> InversionSettings:
    """Return the settings of a method, and for the bundled model a quarter of the rays, for speed.

    `benchmarks/inversion_heads.md` compares numbers of steps; what fewer rays cost was not measured.
    """
    steps = {"encoder": 0, "optimize": 40, "hybrid": 20}[method]
    rays = models.generator.config.neural_rendering_resolution // 2 if models.is_bundled else None
    return dataclasses.replace(InversionSettings(), steps=steps, rays=rays)


def encoder_for(models: Models, name_or_path: str | PathLike[str] | None = None) -> Encoder:
    """Return the given encoder, else the model's bundled one, else GOAE's published one if it is found.

    Raises:
      InputError: if there is no encoder, its file cannot be read, or it does not fit the model.
    """
    if name_or_path is None:
        name_or_path = models.family
    if name_or_path is None:
        path = published_encoder(models)
        if path is None:
            published = _published_name(models.generator.config)
            missing = f" and {published} was not found (see `jaxunlearn models`)" if published else ""
            raise InputError(
                f"{models.name}: no encoder is bundled with it{missing}; give an encoder (--encoder "
                "FILE), or choose the method optimize, which needs none (--method optimize; unlearn: "
                "--inversion optimize)"
            )
        name_or_path = path
    return load_encoder(models.generator, str(name_or_path), w_avg=models.w_avg)


def encoder_of(
    models: Models, method: Method, encoder: str | PathLike[str] | Encoder | None
) -> Encoder | None:
    """Return the encoder that a method uses, the given one or that of `encoder_for`; None for "optimize".

    Raises:
      InputError: as `encoder_for`, or if there is no such method, or an encoder is given to "optimize".
    """
    if method not in METHODS:
        raise InputError(f"no method {method!r}; choose from {', '.join(METHODS)}")
    if method != "optimize":
        return encoder if isinstance(encoder, Encoder) else encoder_for(models, encoder)
    if encoder is not None:
        name = encoder.name if isinstance(encoder, Encoder) else encoder
        raise InputError(
            f"encoder {name}: the method optimize uses no encoder; leave it out, or choose the method hybrid"
        )
    return None


def side_of_file(encoder: Encoder | None, encoder_input: EncoderInput) -> int | None:
    """Return the pixels along each side of the whole files that an encoder is given; None if it gets crops.

    Raises:
      InputError: if there is no such input, or no encoder to give files to.
    """
    if encoder_input not in ENCODER_INPUTS:
        raise InputError(f"no encoder_input {encoder_input!r}; choose from {', '.join(ENCODER_INPUTS)}")
    if encoder_input == "crop":
        return None
    if encoder is None:
        raise InputError('encoder_input "file": the method optimize uses no encoder')
    return encoder.side


def way_of_inverting(
    method: Method, encoder: str | None, encoder_input: EncoderInput, settings: InversionSettings
) -> dict[str, str]:
    """Return what latents depend on besides the photos and the model, for a folder to keep; of names.

    Args:
      method: of inversion.
      encoder: its name, if there is one.
      encoder_input: what it is given.
      settings: of the search.
    """
    way = {"inversion": method, "inversion_steps": str(settings.steps), "encoder_input": encoder_input}
    return way if encoder is None else {**way, "encoder": encoder}


class Chosen(NamedTuple):
    """How photos are inverted."""

    method: Method
    network: Encoder | None
    """The encoder, if there is one."""

    encoder_input: EncoderInput
    whole_side: int | None
    """See `side_of_file`."""

    @property
    def encoder(self) -> str | None:
        """Name of the encoder, if there is one."""
        return None if self.network is None else self.network.name

    @property
    def arguments(self) -> Inverting:
        """The same as arguments, with which no encoder is read again."""
        return Inverting(method=self.method, encoder=self.network, encoder_input=self.encoder_input)

    def way(self, settings: InversionSettings) -> dict[str, str]:
        """Return what latents depend on besides the photos and the model, for a folder to keep; of names.

        Args:
          settings: of the search.
        """
        return way_of_inverting(self.method, self.encoder, self.encoder_input, settings)


def choose(
    models: Models,
    method: Method | None = None,
    encoder: str | PathLike[str] | Encoder | None = None,
    encoder_input: EncoderInput = "crop",
) -> Chosen:
    """Settle how photos are inverted, and read the encoder.

    Args:
      models: the generator and its networks.
      method: None takes `default_method`.
      encoder: see `encoder_of`.
      encoder_input: see `side_of_file`.

    Raises:
      InputError: if an encoder is needed and there is none, or the arguments contradict each other.
    """
    method = method or default_method(models, encoder)
    network = encoder_of(models, method, encoder)
    return Chosen(method, network, encoder_input, side_of_file(network, encoder_input))
