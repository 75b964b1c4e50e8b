"""The three ways from photographs to latents, and which suits a model.

`encoder`: one pass of a network; then only the camera is looked for. `optimize`: a search from the mean face.
`hybrid`: a search from the encoder's latents. `N` photographs, `L` rows of ws (num_ws), `D` w_dim.
"""

import dataclasses
from pathlib import Path
from typing import Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from eg3d_flax import Compute, GeneratorConfig
from goae_flax import GOAEConfig
from jaxunlearn.errors import InputError
from jaxunlearn.models.encoder import BUNDLED, Encoder, load_encoder
from jaxunlearn.models.files import pretrained
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion import Inversion, InversionSettings, invert

Method = Literal["encoder", "optimize", "hybrid"]
METHODS: tuple[Method, ...] = get_args(Method)
EncoderInput = Literal["crop", "file"]
"""What an encoder is shown of a photograph: the crop that the generator is compared with, or the whole file
as GUIDE's and SUGAR's `image_to_tensor` shows it, see `image_files.whole_picture`."""
ENCODER_INPUTS: tuple[EncoderInput, ...] = get_args(EncoderInput)
_OF_FACES, _OF_CATS = "encoder_FFHQ.pt", "encoder_AFHQ.pt"


def published_encoder(models: Models) -> Path | None:
    """The file of GOAE's encoder for a generator of EG3D's, where `jaxunlearn models` finds it."""
    config, published = models.generator.config, GOAEConfig.ffhq()
    if (config.num_ws, config.w_dim) != (published.num_ws, published.w_dim):
        return None
    entry = pretrained.entry(_published_name(models))
    return pretrained.find(entry, pretrained.search_folders())


def _published_name(models: Models) -> str:
    """Cats are told from faces by where their cameras look."""
    cats = GeneratorConfig.afhqcats512_128().avg_camera_pivot
    return _OF_CATS if models.generator.config.avg_camera_pivot == cats else _OF_FACES


def default_method(models: Models, encoder: str | None = None) -> Method:
    """Hybrid where an encoder is bundled, given or found, else the one that needs none."""
    if encoder or models.name in BUNDLED or published_encoder(models) is not None:
        return "hybrid"
    return "optimize"


def settings_for(method: Method) -> InversionSettings:
    """What suits the bundled model; `benchmarks/inversion_heads.md` compares."""
    steps = {"encoder": 0, "optimize": 40, "hybrid": 20}[method]
    return dataclasses.replace(InversionSettings(), steps=steps)


def encoder_for(models: Models, name_or_path: str | None = None) -> Encoder:
    """The encoder given, the one bundled with the model, or GOAE's published one where it is found.

    Raises:
      InputError: if there is none, its file cannot be read, or it does not fit the model.
    """
    if name_or_path is None and models.name in BUNDLED:
        name_or_path = models.name
    if name_or_path is None:
        path = published_encoder(models)
        if path is None:
            raise InputError(
                f"{models.name}: no encoder is bundled with it and {_published_name(models)} is not here "
                "(see `jaxunlearn models`); give --encoder FILE, or --method optimize (--inversion optimize "
                "of unlearn), which needs none"
            )
        name_or_path = str(path)
    return load_encoder(models.generator, name_or_path, w_avg=models.w_avg)


def side_of_file(encoder: Encoder | None, encoder_input: EncoderInput) -> int | None:
    """Pixels a side of the whole files that an encoder is to be shown; None if it is shown crops.

    Raises:
      InputError: if files are to be shown, and there is no encoder.
    """
    if encoder_input == "crop":
        return None
    if encoder is None:
        raise InputError("--encoder-input file: the search from the mean latent shows nothing to an encoder")
    return encoder.side


@jax.jit
def _encode(encoder: Encoder, images: jax.Array) -> jax.Array:
    return encoder.encode(images)


def encode(encoder: Encoder, images: np.ndarray, *, batch: int = 8) -> np.ndarray:
    """Latents `[N, L, D]` of images `[N, R, R, 3]` in [-1, 1]."""
    found = []
    for start in range(0, len(images), batch):
        block = np.arange(start, start + batch).clip(max=len(images) - 1)  # one compiled shape
        found.append(np.asarray(_encode(encoder, jnp.asarray(images[block])))[: len(images) - start])
    return np.concatenate(found)


def invert_photographs(
    models: Models,
    images: np.ndarray,
    method: Method,
    *,
    encoder: Encoder | None = None,
    encoder_images: np.ndarray | None = None,
    settings: InversionSettings | None = None,
    mesh: Mesh | None = None,
    compute: Compute | None = None,
    progress: bool = True,
) -> Inversion:
    """Latents of photographs whose cameras are unknown.

    Args:
      models: the generator, with LPIPS and identity network of the loss.
      images: `[N, R, R, 3]` in [-1, 1].
      method: how.
      encoder: what `encoder` and `hybrid` begin with; None takes that of `encoder_for`.
      encoder_images: `[N, S, S, 3]`, what the encoder is shown in their place; None shows it `images`.
      settings: of the search; None takes `settings_for(method)`.
      mesh: see `inversion.invert`.
      compute: likewise.
      progress: likewise.

    Raises:
      InputError: if an encoder is wanted and there is none.
      ValueError: if the images do not have the generator's resolution.
    """
    ws = None
    if method != "optimize":
        ws = encode(encoder or encoder_for(models), images if encoder_images is None else encoder_images)
    return invert(
        models.generator,
        images,
        None,
        models.perceptual,
        models.identity,
        settings or settings_for(method),
        key=jax.random.key(0),
        ws=ws,
        mesh=mesh,
        compute=compute,
        progress=progress,
    )
