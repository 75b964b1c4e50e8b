"""Photographs that are taken while a network trains on those that exist already.

Which people a step may draw from is a function of its number alone. A step waits for people who are late, so
that a training stays the same, whatever the speed of rendering.
"""

import dataclasses
import threading
from collections.abc import Iterator

import numpy as np

from jaxunlearn.zoo.synthetic.person import LATENT_SIZE
from jaxunlearn.zoo.synthetic.photographs import PhotographRequest, Photographs


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The people whom each step draws from.

    Attributes:
      people: number of people in the end.
      first: number of people before the first step; all of them if 0.
      per_step: number of people who arrive with each further step, at least 0.
    """

    people: int
    first: int
    per_step: float

    def available(self, number: int) -> int:
        """Return the number of people that step `number`, counted from 0, draws from."""
        if not self.first:
            return self.people
        return min(self.people, self.first + int(self.per_step * number))


class Arrivals:
    """Photographs of a request; the first of them can be read while the others are taken by a thread.

    Attributes:
      photographs: arrays of all people; those who have not arrived yet are undefined.
    """

    def __init__(self, request: PhotographRequest, shards: Iterator[Photographs]):
        """Start the thread.

        Args:
          request: the photographs that `shards` yields.
          shards: people in their order; it is used up by the thread.
        """
        count, side = (request.people, request.views), request.resolution
        self.photographs = Photographs(
            z=np.empty((request.people, LATENT_SIZE), np.float32),
            image=np.empty((*count, side, side, 3), np.uint8),
            coverage=np.empty((*count, side, side), np.uint8),
            depth=np.empty((*count, side, side), np.uint16),
            camera=np.empty((*count, 25), np.float32),
            pose=np.empty((*count, 2), np.float32),
        )
        self._arrived = 0
        self._failure: BaseException | None = None
        self._changed = threading.Condition()
        threading.Thread(target=self._receive, args=(shards,), daemon=True).start()

    @property
    def arrived(self) -> int:
        """Number of people who are there."""
        return self._arrived

    def close(self) -> None:
        """End all waiting for people who are not there yet; their photographs are taken no more."""
        self._fail(RuntimeError("the photographs are no longer wanted"))

    def wait_for(self, people: int) -> None:
        """Return as soon as the first `people` are there.

        Raises:
          RuntimeError: if they will never come, because taking them failed or was ended.
        """
        with self._changed:
            while self._arrived < people:
                if self._failure is not None:
                    raise RuntimeError("the photographs could not be taken") from self._failure
                self._changed.wait(timeout=1)

    def _receive(self, shards: Iterator[Photographs]) -> None:
        try:
            for shard in shards:
                stop = self._arrived + len(shard.z)
                for field in dataclasses.fields(shard):
                    getattr(self.photographs, field.name)[self._arrived : stop] = getattr(shard, field.name)
                with self._changed:
                    self._arrived = stop
                    self._changed.notify_all()
                    if self._failure is not None:  # closed
                        return
            if self._arrived < len(self.photographs.z):
                raise ValueError(f"{self._arrived} of {len(self.photographs.z)} people were photographed")
        except BaseException as error:  # the thread that waits raises it
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Let everybody who waits raise the first error."""
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()
