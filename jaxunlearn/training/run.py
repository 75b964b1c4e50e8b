"""One call of `unlearn` after its checks: the compiled step, the trainer with its callbacks, the export."""

import contextlib
import dataclasses
import functools
import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from tqdm import tqdm

from jaxunlearn.methods.base import Prepared
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.adapters import save_unlearned
from jaxunlearn.models.generator import Generator, merge_generator
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People
from jaxunlearn.process import arrays, multihost
from jaxunlearn.process.devices import default_device
from jaxunlearn.process.jax_settings import matmul_precision
from jaxunlearn.process.memory import peak_memory
from jaxunlearn.process.signals import interruptions
from jaxunlearn.training.callbacks import Divergence, Log, SaveCheckpoints, SavePictures, StopOnSignal, SumUp
from jaxunlearn.training.compiled_step import StepRecipe, compiled_step
from jaxunlearn.training.progress_picture import ProgressPicture
from jaxunlearn.training.result import Result
from jaxunlearn.training.step import Frozen, State, Target
from jaxunlearn.training.storage.checkpoints import Checkpoints
from jaxunlearn.training.storage.metrics_log import diverged_until, forget_after
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.trainer import Callback, Trainer
from jaxunlearn.training.turns import Turns

_FIGURES = (
    "steps_per_second",
    "compile_seconds",
    "devices",
    "matmul_precision",
    "loss",
    "losses",
    "padding_identity",
    "padding_sample",
)
"""Figures of the steps in a summary, where any were taken."""


class Run:
    """A run whose people, settings and folder are checked, and whose targets are known.

    Args:
      models: the source generator and the networks of the loss.
      people: who is forgotten.
      prepared: targets, and what the method needs in the steps.
      config: checked.
      mesh: None for one device.
      folder: locked and begun; None writes nothing.
      numbers: of the generator copies.
      key: of the request, see `request_key`; each copy's is made from it.
      progress: True shows a bar.
    """

    def __init__(
        self,
        models: Models,
        people: People,
        prepared: Prepared,
        config: ConfigDict,
        mesh: Mesh | None,
        folder: RunFolder | None,
        numbers: tuple[int, ...],
        key: jax.Array,
        *,
        progress: bool,
    ):
        self._models, self._people, self._prepared = models, people, prepared
        self._config, self._folder, self._progress = config, folder, progress
        self._key = key
        self._shared = method_of(config).shares_generator(config)
        copies = 1 if self._shared else len(people.ws)
        self._numbers = numbers[:copies]
        self._devices = [default_device()] if mesh is None else list(mesh.devices.flat)
        platform = self._devices[0].platform
        settings = from_config.step_settings(
            config, models.generator.config, models.median_radius, people=len(people.ws), platform=platform
        )
        self._split = settings.part.split(models.generator, config.seed)
        self._recipe = StepRecipe(
            self._split.graphdef,
            from_config.adam(config),
            settings,
            copies,
            mesh,
            Turns.chosen(config.copies_at_once, platform, mesh),
            self._split.source,
        )
        self._frozen = self._recipe.everywhere(
            Frozen(
                self._split.trainable,
                self._split.fixed,
                models.perception(settings.compute.dtype),
                prepared.surrogates,
                prepared.memory,
            )
        )

    def result(self, callbacks: Sequence[Callback] = ()) -> Result:
        """Take the steps that are left, and export the generators.

        Args:
          callbacks: of the caller; they come after the log and before the checkpoints.
        """
        folder = self._folder
        with contextlib.ExitStack() as stack:
            checkpoints = None
            if folder is not None:
                keep = self._config.checkpoints_kept
                checkpoints = stack.enter_context(Checkpoints(folder.checkpoints, keep=keep))
            state, figures = self._train(checkpoints, callbacks)
        summary = {**self._prepared.summary, **figures}
        generators = tuple(self._generator(state, k) for k in range(self._recipe.copies))
        if folder is not None:
            if folder.writes:
                self._export(folder, generators)
            folder.add_to_summary(summary)
            multihost.wait("results are written")
        return Result(self._people, self._prepared.ws_target, generators, summary, folder)

    def _train(
        self, checkpoints: Checkpoints | None, callbacks: Sequence[Callback]
    ) -> tuple[State, dict[str, Any]]:
        """The state after the last step, and the figures of the steps."""
        config, folder = self._config, self._folder
        began = time.monotonic()
        state, target, keys = self._initial()
        advance = compiled_step(self._recipe, state, self._frozen, target, keys).advance
        compile_seconds = time.monotonic() - began
        state, first = self._restored(state, checkpoints)
        divergence = self._divergence(first)
        sum_up = SumUp(divergence, first, self._known(compile_seconds), folder, self._fetch)
        with interruptions() as received, self._bar(first) as bar:
            ordered = (
                divergence,
                Log(config.log_every, divergence, folder, bar),
                *self._pictures(),
                *callbacks,
                StopOnSignal(config.log_every, received, first, folder),
                sum_up,
                *self._savers(checkpoints, divergence),
            )
            trainer = Trainer(
                lambda state: advance(state, self._frozen, target, keys),
                self._fetch,
                config.log_every,
                self._generator,
                ordered,
            )
            state = trainer.run(state, first, config.steps)
        figures = sum_up.figures
        if not figures and folder is not None:  # it was killed between its last step and its end
            figures = {name: folder.summary[name] for name in _FIGURES if name in folder.summary}
        ending = {"steps": sum_up.steps, "w_avg": self._mean_latent(), "diverged": sorted(divergence.copies)}
        ending["peak_memory"] = dataclasses.asdict(peak_memory(self._devices))
        return state, ending | figures

    def _initial(self) -> tuple[State, Target, jax.Array]:
        """State, targets and keys of all copies before the first step."""
        keys = jax.vmap(functools.partial(jax.random.fold_in, self._key))(jnp.array(self._numbers))
        latents = (jnp.asarray(self._people.ws), jnp.asarray(self._prepared.ws_target))
        if self._shared:
            latents = jax.tree.map(lambda x: x[None], latents)
        return self._recipe.start(self._frozen, latents, keys)

    def _restored(self, state: State, checkpoints: Checkpoints | None) -> tuple[State, int]:
        """The state to begin with, and the steps it has behind it."""
        if checkpoints is None or checkpoints.latest is None:
            return state, 0
        saved = self._recipe.without_padding(state)
        return self._recipe.with_padding(checkpoints.restore(saved)), checkpoints.latest

    def _divergence(self, first: int) -> Divergence:
        """Knows which copies diverged earlier, as the log says; steps after `first` leave the log."""
        folder, before = self._folder, set[int]()
        if folder is not None:
            if folder.writes:
                forget_after(folder.metrics_file, first)
            before = diverged_until(folder.metrics_file, first)
        return Divergence(self._config.log_every, self._recipe.copies, before)

    def _pictures(self) -> list[SavePictures]:
        """The callback for pictures, where they are wanted; all processes have it, one has the picture."""
        folder, every = self._folder, self._config.images_every
        if folder is None or not every:
            return []
        if not folder.writes:
            return [SavePictures(every, None)]
        compute = from_config.compute(self._config)
        picture = ProgressPicture(self._models.generator, compute, folder.images)
        picture.start(self._people.ws[0], self._prepared.ws_target[0])
        return [SavePictures(every, picture)]

    def _savers(self, checkpoints: Checkpoints | None, divergence: Divergence) -> list[SaveCheckpoints]:
        """The callback for checkpoints, where there is a folder."""
        if checkpoints is None:
            return []
        every, without_padding = self._config.checkpoint_every, self._recipe.without_padding
        return [SaveCheckpoints(every, checkpoints, divergence, self._fetch, without_padding)]

    def _fetch(self, measured: Any) -> Any:
        """Measurements of all copies as NumPy, from all processes."""
        return self._recipe.without_padding(arrays.whole(measured))

    def _known(self, compile_seconds: float) -> dict[str, Any]:
        """Figures that no step changes."""
        devices, precision = self._devices, matmul_precision()
        return {
            "compile_seconds": round(compile_seconds, 2),
            "devices": f"{len(devices)} x {devices[0].device_kind}",
            **({} if precision is None else {"matmul_precision": precision}),
            **self._recipe.padding(),
        }

    def _mean_latent(self) -> dict[str, Any]:
        """Where the mean latent of the targets comes from, for the summary."""
        mean = self._models.mean
        known = {"origin": mean.origin, "samples": mean.samples, "seed": mean.seed}
        return {name: value for name, value in known.items() if value is not None}

    def _bar(self, first: int) -> "tqdm[Any]":
        return tqdm(
            total=self._config.steps,
            initial=first,
            unit="step",
            desc="unlearning",
            dynamic_ncols=True,
            disable=not self._progress,
        )

    def _generator(self, state: State, copy: int) -> Generator:
        """The generator of a copy; its parts may come from all processes."""
        own = arrays.whole(jax.tree.map(lambda x: x[copy], state.trainable))
        trainable = jax.tree.map(jnp.asarray, own)
        return merge_generator(self._split._replace(trainable=trainable))

    def _export(self, folder: RunFolder, generators: Sequence[Generator]) -> None:
        """Write the unlearned weights."""
        request = folder.request
        everybody = ", ".join((*request.earlier_subjects, *request.subjects))
        for k, generator in enumerate(generators):
            notes = {
                "made_by": "jaxunlearn unlearn",
                "source": request.model,
                "source_sha256": request.fingerprint,
                "forgotten": everybody if self._shared else request.subjects[k],
                "licence": "that of the source",
            }
            save_unlearned(generator, folder.generator(k), notes)
