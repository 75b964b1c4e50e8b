"""The loop that makes an encoder: latents compared with known ones, then also pictures of them.

Latents are known exactly for pictures of generated people, and for photographs of rendered ones as those of
the same z, which the generator was trained to show alike. For people of other kinds only images are compared,
seen from where the photograph was taken. `B` images in a batch, `L` rows of ws, `D` w_dim.

A run's folder has `encoder.safetensors` and `images/` beside what `workdir` describes.
"""

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

import goae_flax
import lpips_flax
import torch_bridge
from eg3d_flax import Compute, TriPlaneGenerator
from goae_flax import GOAEConfig, GOAEEncoder, SwinConfig
from jaxunlearn.errors import InputError
from jaxunlearn.images import grid, save_png, to_uint8
from jaxunlearn.methods.losses import identity_distance
from jaxunlearn.models.cameras import conditioning_view, views
from jaxunlearn.models.encoder import Encoder
from jaxunlearn.models.generator import load_generator
from jaxunlearn.models.identity import IdentityNetwork, load_identity
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, MAPPING_VERSION
from jaxunlearn.zoo.training.encoder_data import Album, Batch, draw, take_albums
from jaxunlearn.zoo.training.identity_data import Distortion, distort, to_range
from jaxunlearn.zoo.training.optimizer import moving_average
from jaxunlearn.zoo.training.workdir import LICENCE, Config, Workdir, rounded
from lpips_flax import LPIPS

VARIANCE_SAMPLES = 8192
"""Latents that the variance of w is estimated from."""
MAX_YAW, PITCH_DEVIATION = 0.6, 0.15
"""How generated people are looked at, radians: yaw uniform, pitch normal."""
FAINT = 0.05
"""Scale of the layers that say which positions attend to which, at the start."""
NAME = "heads encoder"
FILE = "encoder.safetensors"
CHUNK = 16
VIEWS = 2
"""Photographs of each held-out person that are measured."""


class EncoderState(NamedTuple):
    """All that changes from step to step."""

    parameters: nnx.State
    average: nnx.State
    moments: Any
    step: jax.Array


class Networks(NamedTuple):
    """All numbers that stay; arguments of compiled functions, since constants would be folded for minutes."""

    generator: nnx.State
    perceptual: LPIPS
    identity: IdentityNetwork
    variance: jax.Array
    w_avg: jax.Array


@dataclasses.dataclass(frozen=True)
class EncoderRun:
    """A config, with all that is derived from it once."""

    config: Config
    shape: GOAEConfig
    graph: nnx.GraphDef[GOAEEncoder]
    generator: nnx.GraphDef[TriPlaneGenerator]
    resolution: int
    networks: Networks
    distortion: Distortion
    optimiser: optax.GradientTransformation
    compute: Compute

    @property
    def steps(self) -> int:
        """Of both phases."""
        return self.config.latent_steps + self.config.image_steps


def prepare(config: Config) -> EncoderRun:
    """Check a config and build what does not change.

    Raises:
      InputError: if a value is out of range.
    """
    for name in ("data.views", "data.held_out", "batch.generated", "evaluate_people"):
        value = functools.reduce(lambda node, key: node[key], name.split("."), config)
        if value < 1:
            raise InputError(f"config.{name} must be at least 1, not {value}")
    photographs, rendered, people = config.batch.photographs, config.batch.rendered, config.data.people
    for scenario, count in photographs.items():
        if not 0 <= rendered.get(scenario, 0) <= count:
            raise InputError(f"config.batch.rendered.{scenario}: at most the {count} photographs of a batch")
        if not 1 <= people.get(scenario, 0) <= HELD_OUT_FIRST:
            raise InputError(f"config.data.people.{scenario}: 1 to {HELD_OUT_FIRST}; others are to test on")
    try:
        swin = SwinConfig(**config.encoder.swin)
        shape = GOAEConfig(**{**config.encoder, "swin": swin})
    except (TypeError, ValueError) as error:
        raise InputError(f"config.encoder: {error}") from error
    generator = load_generator(config.generator)
    wanted = (generator.config.num_ws, generator.config.w_dim, generator.config.img_resolution)
    if (shape.num_ws, shape.w_dim, swin.image_size) != wanted:
        raise InputError("config.encoder: the generator has {} rows of {} and images of {}²".format(*wanted))
    graph, state = nnx.split(generator)
    z = jax.random.normal(jax.random.key(0), (VARIANCE_SAMPLES, generator.config.z_dim))
    w = generator.mapping(z, conditioning_view(generator.config, len(z)))[:, 0]
    steps = config.latent_steps + config.image_steps
    peak, warmup = config.rate.peak, int(config.rate.warmup * steps)
    schedule = optax.warmup_cosine_decay_schedule(0.0, peak, warmup, steps, peak * config.rate.final)
    return EncoderRun(
        config=config,
        shape=shape,
        graph=nnx.graphdef(nnx.eval_shape(lambda: GOAEEncoder(shape, rngs=nnx.Rngs(0)))),
        generator=graph,
        resolution=generator.config.img_resolution,
        networks=Networks(
            state,
            lpips_flax.load("alex"),
            load_identity("heads-loss"),
            jnp.var(w, axis=0).sum(),
            generator.backbone.mapping.w_avg[...],
        ),
        distortion=Distortion(**config.distortion),
        optimiser=optax.chain(optax.clip_by_global_norm(config.clip), optax.adam(schedule, b2=0.99)),
        compute=Compute.for_platform(jax.default_backend()),
    )


def initial_state(run: EncoderRun) -> EncoderState:
    """Fresh weights; attention begins without a preference for positions, as in Swin V2."""
    module = GOAEEncoder(run.shape, rngs=nnx.Rngs(run.config.seed))
    for stage in module.swin_model.layers:
        for block in stage.blocks:
            last = block.attn.cpb_mlp["2"]
            last.weight[...] = FAINT * last.weight[...]
    parameters = nnx.state(module)
    average = jax.tree.map(jnp.copy, parameters)
    return EncoderState(parameters, average, run.optimiser.init(parameters), jnp.zeros((), jnp.int32))


def latent_error(ws: jax.Array, wanted: jax.Array, variance: jax.Array) -> jax.Array:
    """Squared error of latents, as a share of the variance of w.

    Nearer to standardised coordinates, in which all directions of w count alike, training began far more
    slowly: most directions hardly vary, and nobody sees them.

    Args:
      ws: `[B, L, D]`.
      wanted: the same.
      variance: of w, summed over its numbers; the error of the mean latent is 1 on average.

    Returns:
      `[B]`.
    """
    return jnp.mean(jnp.sum(jnp.square(ws - wanted), axis=-1), axis=-1) / variance


def rendered_rows(run: EncoderRun) -> np.ndarray:
    """Which photographs of a batch are rendered anew: the first few of each scenario."""
    rows, start = [], 0
    for scenario, count in run.config.batch.photographs.items():
        rows.extend(range(start, start + run.config.batch.rendered.get(scenario, 0)))
        start += count
    return np.array(rows, np.int32)


def make_step(
    run: EncoderRun, *, images: bool
) -> Callable[[EncoderState, Batch, Networks], tuple[EncoderState, dict[str, jax.Array]]]:
    """The compiled step of a phase; with `images`, of the second."""
    rows, weights = rendered_rows(run), run.config.loss
    count = run.config.batch.generated

    def generated(networks: Networks, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        generator = nnx.merge(run.generator, networks.generator)
        of_z, of_yaw, of_pitch = jax.random.split(key, 3)
        z = jax.random.normal(of_z, (count, generator.config.z_dim))
        ws = generator.mapping(z, conditioning_view(generator.config, count))
        yaw = jax.random.uniform(of_yaw, (count,), minval=-MAX_YAW, maxval=MAX_YAW)
        pitch = jnp.clip(PITCH_DEVIATION * jax.random.normal(of_pitch, (count,)), -0.35, 0.35)
        c = views(generator.config, yaw, pitch)
        return ws, jnp.clip(generator.synthesis(ws, c, compute=run.compute).image, -1, 1)

    @functools.partial(jax.jit, donate_argnums=0)
    def step(
        state: EncoderState, batch: Batch, networks: Networks
    ) -> tuple[EncoderState, dict[str, jax.Array]]:
        of_people, of_distortion = jax.random.split(
            jax.random.fold_in(jax.random.key(run.config.seed), state.step)
        )
        generator = nnx.merge(run.generator, networks.generator)
        ws_generated, image_generated = generated(networks, of_people)
        ws_of_z = generator.mapping(batch.z, conditioning_view(generator.config, len(batch.z)))
        wanted_ws = jnp.concatenate([ws_generated, ws_of_z])
        known = jnp.concatenate([jnp.ones(count), batch.known])
        seen = distort(
            jnp.concatenate([image_generated, to_range(batch.image)]), of_distortion, run.distortion
        )

        def loss(parameters: nnx.State) -> tuple[jax.Array, dict[str, jax.Array]]:
            ws = Encoder(NAME, run.graph, parameters, networks.w_avg).encode(seen)
            error = latent_error(ws, wanted_ws, networks.variance)
            parts = {"latents": jnp.sum(known * error) / jnp.sum(known)}
            if images:
                image = generator.synthesis(ws[count:][rows], batch.camera[rows], compute=run.compute).image
                parts |= {
                    name: jnp.mean(distance)
                    for name, distance in image_distances(
                        image, to_range(batch.wanted[rows]), networks.perceptual, networks.identity
                    ).items()
                }
            total = jnp.sum(jnp.stack([weights[name] * value for name, value in parts.items()]))
            return total, {"loss": total, "generated": jnp.mean(error[:count]), **parts}

        gradients, parts = jax.grad(loss, has_aux=True)(state.parameters)
        updates, moments = run.optimiser.update(gradients, state.moments)
        parameters = jax.tree.map(jnp.add, state.parameters, updates)
        average = moving_average(state.average, parameters, state.step, run.config.ema_decay)
        return EncoderState(parameters, average, moments, state.step + 1), parts

    return step


def image_distances(
    image: jax.Array, wanted: jax.Array, perceptual: LPIPS, identity: IdentityNetwork
) -> dict[str, jax.Array]:
    """How far images `[B, R, R, 3]` are from the wanted ones: `[B]` each."""
    return {
        "squared": jnp.mean(jnp.square(image - wanted), axis=(1, 2, 3)),
        "perceptual": perceptual(image, wanted),
        "identity": identity_distance(identity.embed(image), identity.embed(wanted)),
    }


@functools.partial(jax.jit, static_argnames=("graph", "compute"))
def _reconstruct(
    graph: nnx.GraphDef,
    encoder: Encoder,
    networks: Networks,
    image: jax.Array,
    c: jax.Array,
    compute: Compute,
) -> tuple[jax.Array, jax.Array]:
    ws = encoder.encode(to_range(image))
    return ws, nnx.merge(graph, networks.generator).synthesis(ws, c, compute=compute).image


def reconstruct(run: EncoderRun, state: EncoderState, album: Album) -> tuple[np.ndarray, np.ndarray]:
    """Latents `[M, L, D]` of photographs, and what the generator makes of them, seen from where they were.

    Of each person the first `VIEWS` photographs; `M` is the number of all.
    """
    encoder = Encoder(NAME, run.graph, state.average, run.networks.w_avg)
    image, camera = (x[:, :VIEWS].reshape(-1, *x.shape[2:]) for x in (album.image, album.camera))
    found = []
    for start in range(0, len(image), CHUNK):
        block = np.arange(start, start + CHUNK).clip(max=len(image) - 1)  # one compiled shape
        out = _reconstruct(run.generator, encoder, run.networks, image[block], camera[block], run.compute)
        found.append([np.asarray(x)[: len(image) - start] for x in out])
    ws, images = (np.concatenate(kind) for kind in zip(*found, strict=True))
    return ws, images


def evaluate(
    run: EncoderRun, state: EncoderState, albums: Mapping[str, Album], judge: IdentityNetwork
) -> dict[str, dict[str, float]]:
    """Figures of the averaged weights on people held out, by scenario.

    Returns:
      `perceptual` (LPIPS), `squared` (in [-1, 1]) and `identity` (cosine, by the judge) between photograph
      and reconstruction; `latents`, the `latent_error`, where latents are known.
    """
    measure = jax.jit(image_distances)
    generator = nnx.merge(run.generator, run.networks.generator)
    figures = {}
    for scenario, album in albums.items():
        ws, images = reconstruct(run, state, album)
        wanted = to_range(album.wanted[:, :VIEWS].reshape(images.shape))
        distances = measure(jnp.asarray(images), wanted, run.networks.perceptual, judge)
        means = {name: float(jnp.mean(value)) for name, value in distances.items()}
        means["identity"] = 1 - means["identity"]
        if album.known:
            z = jnp.repeat(jnp.asarray(album.z), VIEWS, axis=0)
            of_z = generator.mapping(z, conditioning_view(generator.config, len(z)))
            means["latents"] = float(latent_error(jnp.asarray(ws), of_z, run.networks.variance).mean())
        figures[scenario] = rounded(means)
    return figures


def picture(run: EncoderRun, state: EncoderState, albums: Mapping[str, Album], people: int = 5) -> np.ndarray:
    """Two rows a scenario, photographs above reconstructions; uint8."""
    rows = []
    for album in albums.values():
        some = Album(*(x[:people] for x in album[:4]), known=album.known)
        _, images = reconstruct(run, state, some)
        rows += [some.image[:, :VIEWS].reshape(images.shape), to_uint8(images)]
    return grid(np.concatenate(rows), people * VIEWS)


def notes(run: EncoderRun, state: EncoderState, seconds: float, figures: Mapping[str, Any]) -> dict[str, str]:
    """What the header of the encoder's file says besides its config."""
    people = ", ".join(f"{count} of {scenario}" for scenario, count in run.config.data.people.items())
    return {
        "name": NAME,
        "licence": LICENCE,
        "made_by": "tools/train_encoder.py",
        "generator": run.config.generator,
        "people": f"jaxunlearn.heads, mapping version {MAPPING_VERSION}, "
        f"seed {run.config.data.seed}, {people}",
        "seed": str(run.config.seed),
        "steps": str(int(state.step)),
        "seconds": str(round(seconds)),
        "held_out": json.dumps(figures),
    }


def held_out_albums(run: EncoderRun) -> dict[str, Album]:
    """People of each scenario whom nothing is trained on."""
    people = {str(scenario): int(run.config.data.held_out) for scenario in run.config.data.people}
    return take_albums(people, held_out=True, data=run.config.data, resolution=run.resolution)


def export(workdir: Path, path: Path) -> dict[str, dict[str, float]]:
    """Write the encoder of a finished run in half precision.

    Returns:
      The figures of its header; see `evaluate`.

    Raises:
      InputError: if `workdir` is not the folder of a finished run.
    """
    finished = workdir / FILE
    if not finished.is_file():
        raise InputError(
            f"{workdir}: no {FILE} in it; give the --workdir of a finished tools/train_encoder.py"
        )
    header = torch_bridge.read_file(finished).metadata
    about = {name: text for name, text in header.items() if name not in ("architecture", "config")}
    goae_flax.save(goae_flax.load(finished), path, dtype="float16", notes=about)
    return json.loads(about["held_out"])


def train(config: Config, workdir: Path) -> dict[str, dict[str, float]]:
    """Train, or go on with what is in `workdir`.

    Args:
      config: as `configs/train_encoder.py` returns.
      workdir: the run's folder.

    Returns:
      The final figures of `evaluate`.

    Raises:
      InputError: if config and folder do not fit.
      FloatingPointError: if the loss is no longer finite; the checkpoint before stays.
    """
    run = prepare(config)
    folder = Workdir(workdir, config, initial_state(run))
    albums = take_albums(config.data.people, held_out=False, data=config.data, resolution=run.resolution)
    held_out = held_out_albums(run)
    judge = load_identity("heads-judge")
    some = {
        scenario: Album(*(x[: config.evaluate_people] for x in album[:4]), known=album.known)
        for scenario, album in held_out.items()
    }
    steps = {images: make_step(run, images=images) for images in (False, True)}  # compiled when first used

    def advance(state: EncoderState, number: int) -> tuple[EncoderState, Mapping[str, Any]]:
        batch = draw(albums, config.batch.photographs, seed=config.seed, number=number)
        return steps[number >= config.latent_steps](state, batch, run.networks)

    def look(state: EncoderState) -> Mapping[str, Any]:
        save_png(workdir / "images" / f"step{int(state.step):06d}.png", picture(run, state, some))
        return evaluate(run, state, some, judge)

    def shown(numbers: Mapping[str, Any]) -> dict[str, str]:
        return {"loss": f"{numbers['loss']:.3f}", "latents": f"{numbers['latents']:.3f}"}

    (workdir / "images").mkdir(exist_ok=True)
    folder.train(run.steps, advance, evaluate=look, shown=shown)
    figures = evaluate(run, folder.state, held_out, judge)
    about = notes(run, folder.state, folder.seconds, figures)
    goae_flax.save(nnx.merge(run.graph, folder.state.average), workdir / FILE, notes=about)
    folder.report({"held_out": figures})
    return figures
