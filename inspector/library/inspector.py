"""The object returned by ``inspector.open``: inspects images until it is closed."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from engines.bundle import Bundle
from engines.images.decoder import Decoder
from inspector.capture.frame_check import FrameCheck
from inspector.capture.preparation import Preparation
from inspector.config.inference import InferenceConfig
from inspector.errors import UserError
from inspector.library.images import Image, read_image
from inspector.library.inspection import Inspection
from inspector.library.pipeline import CLOSED, NamedFrame, Pipeline
from inspector.verdicts.judge import Judge


class Inspector:
    """A bundle's engines on this machine, with the verdict rules. Use as a context manager, or ``close`` it.

    Any number of threads may share one: the engines run in a thread of their own, and calls wait for each other. It cannot be used after
    a fork; a child process must open its own.
    """

    def __init__(
        self,
        bundle: Bundle,
        inference: InferenceConfig,
        frame_check: FrameCheck,
        judge: Judge,
        decoder: Decoder,
        preparation: Preparation,
    ) -> None:
        """Load and verify the engines. Use ``inspector.open`` to make one. Raises BundleError or EngineError."""
        self.bundle = bundle
        """The model bundle: ``id``, ``height``, ``width``, ``operating_point``."""
        self._decoder = decoder
        self._engine_thread = ThreadPoolExecutor(1, thread_name_prefix="inspector-engines")
        try:
            self._pipeline = self._engine_thread.submit(
                Pipeline, bundle, inference, frame_check, judge, preparation
            ).result()
        except BaseException:
            self._engine_thread.shutdown(wait=False)
            raise
        # One that is garbage collected is released too, without waiting.
        self._forgotten = weakref.finalize(self, _release, self._engine_thread, self._pipeline)
        self._forgotten.atexit = False

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; class k is bit k of a mask."""
        return self.bundle.classes

    @property
    def device(self) -> str:
        """What computes, for a person: name, library, precision."""
        return self._pipeline.device

    @property
    def note(self) -> str:
        """Why a faster runtime is not used; empty where the fastest is."""
        return self._pipeline.note

    def inspect(self, image: Image) -> Inspection:
        """Inspect one image: a numpy array, uint8 ``[H, W]``, grey, or the path of an image file. One that shows nothing, e.g. all black,
        is ``UNINSPECTED`` as on the line.

        Raises UserError where the image cannot be used or the inspector is closed, EngineError where the engines fail.
        """
        frame = read_image(image, self._decoder, "the image")
        (inspection,) = self._start([frame]).result()
        return inspection

    def inspect_many(self, images: Iterable[Image]) -> Iterator[Inspection]:
        """Inspect many images, in order, several at a time so that the device is busy: faster than single calls of ``inspect``.

        ``images`` are read ahead, so an inspection comes some images after its own was taken. One that cannot be used raises UserError,
        after the inspections of those before it. Raises as ``inspect``.
        """
        under_way: Future[list[Inspection]] | None = None
        for following in self._started(images):
            if under_way is not None:
                yield from under_way.result()
            under_way = following
        if under_way is not None:
            yield from under_way.result()

    def close(self) -> None:
        """Finish what is under way and release the engines. A second call does nothing."""
        self._forgotten.detach()
        _release(self._engine_thread, self._pipeline)
        self._engine_thread.shutdown()

    def __enter__(self) -> Inspector:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Inspector {self.bundle.id} on {self.device}>"

    def _started(self, images: Iterable[Image]) -> Iterator[Future[list[Inspection]]]:
        """Images read and started, as many at a time as keep the device busy. Where the next cannot be had, its place is taken by
        the failure."""
        if isinstance(images, (str, os.PathLike)):
            raise UserError(
                f"{images!r} is one image; expected several, e.g. sorted(pathlib.Path(folder).glob('*.png'))"
            )
        frames: list[NamedFrame] = []
        failure: Exception | None = None
        try:
            for number, image in enumerate(images):
                frames.append(read_image(image, self._decoder, f"image {number}"))
                if len(frames) == self._pipeline.capacity:
                    yield self._start(frames)
                    frames = []
        except Exception as error:
            failure = error
        if frames:
            yield self._start(frames)
        if failure is not None:
            failed: Future[list[Inspection]] = Future()
            failed.set_exception(failure)
            yield failed

    def _start(self, frames: list[NamedFrame]) -> Future[list[Inspection]]:
        try:
            return self._engine_thread.submit(_inspect, self._pipeline, self.classes, frames)
        except RuntimeError:  # the thread has ended
            raise UserError(CLOSED) from None


def _inspect(pipeline: Pipeline, classes: tuple[str, ...], frames: list[NamedFrame]) -> list[Inspection]:
    outcomes = pipeline.inspect(frames)
    return [
        Inspection(name, outcome, classes, pixels) for (name, pixels), outcome in zip(frames, outcomes, strict=True)
    ]


def _release(engine_thread: ThreadPoolExecutor, pipeline: Pipeline) -> None:
    """Have the engines closed by the thread they belong to, after what is under way, and let it end."""
    try:
        engine_thread.submit(pipeline.close)
    except RuntimeError:  # done before
        return
    engine_thread.shutdown(wait=False)
