"""Changes of a running line: runs, recipes, bundles and the configuration. Each is prepared and verified while the line goes on, and takes
effect between two frames as a whole, or not at all.

One thread makes changes that load engines; ``begin_run`` and ``end_run`` may be called from another meanwhile.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engines.bundle import Bundle, Signers, find_bundle, open_bundle, read_bundle
from engines.errors import BundleError, FileError
from engines.files.looking import entries, is_file
from engines.files.names import NAME
from engines.operating_point import read_operating_point
from inspector.config.difference import Difference, differences
from inspector.config.load import load_recipe
from inspector.config.recipe import RecipeConfig, with_recipe, with_scale
from inspector.config.tree import LineConfig
from inspector.errors import UserError
from inspector.inference.dispatcher import Dispatcher
from inspector.inference.identity import identity_of
from inspector.inference.remedies import with_remedy
from inspector.line.fits import Fits
from inspector.line.judges import NO_SERIALS, Judges
from inspector.line.setup import Setup

if TYPE_CHECKING:
    from inspector.line.line import Line

log = logging.getLogger(__name__)


class NotPreparedError(UserError):
    """A run is to begin with a recipe that is not prepared."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recipe whose engines are loaded and verified."""

    name: str
    product: RecipeConfig
    bundle: Bundle
    loaded: Dispatcher | None
    """None where it is the bundle that was active when it was prepared."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a rollback goes back to."""

    bundle: Bundle
    recipe: str
    product: RecipeConfig | None


class LineChanges:
    """Makes them, on ``line``."""

    def __init__(self, line: Line, read_config: Callable[[], LineConfig], folder: Path) -> None:
        """``read_config`` reads the configuration file again and raises UserError where it is refused; ``folder`` is that of the file, to
        which the path of a bundle in it is relative."""
        self._line = line
        self._read_config = read_config
        self._folder = folder
        self._signers = signers_of(line.config)
        self._file = line.config
        """The configuration as it was read last, without a recipe."""
        self._configured = line.bundle
        """The bundle that it names, as it was when it was read."""
        self._lock = threading.Lock()
        self.prepared: Prepared | None = None
        self.target: Target | None = None
        """What a rollback goes back to."""

    # Runs and recipes.

    def recipes(self) -> list[str]:
        """The recipes of the line, by name: files that ``prepare`` can be asked for. Raises UserError where the folder cannot be listed."""
        if not self._file.recipes:
            return []
        try:
            found = entries(Path(self._file.recipes), "*.yaml")
            return [path.stem for path in found if re.search(NAME, path.stem) and is_file(path)]
        except FileError as error:
            raise UserError(str(error)) from None

    def prepare(self, name: str) -> Prepared:
        """Load and verify a recipe. It takes the place of one that was prepared before. Raises UserError."""
        if not self._file.recipes:
            raise UserError("recipes: the line's configuration names no folder with recipes")
        if name not in (known := self.recipes()):
            raise UserError(
                f"recipe {name}: {self._file.recipes} holds no file {name}.yaml; its recipes: {', '.join(known) or 'none'}"
            )
        product = load_recipe(Path(self._file.recipes), name)
        folder = Path(self._file.recipes) if product.bundle else self._folder
        path = product.bundle or self._line.config.bundle
        bundle = _opened(lambda: _with_point(find_bundle(path, folder), product.operating_point, self._signers))
        judges = self._judges(product)
        self.forget_prepared()
        loaded = None
        if identity_of(bundle) == self._line.inference.active.identity:
            judges.check(bundle)
        else:
            loaded = self._load(bundle, judges)
        prepared = Prepared(name, product, bundle, loaded)
        with self._lock:
            self.prepared = prepared
        return prepared

    def begin_run(self, run: str, recipe: str | None) -> None:
        """Begin a run, with a recipe that was prepared or is in force; None: with what is in force. Raises UserError."""
        with self._lock:
            now, prepared = self._line.runs.now.setup, self.prepared
            if recipe is None or (recipe == now.recipe and (prepared is None or prepared.name != recipe)):
                self._line.runs.begin(run)
                return
            if prepared is None or prepared.name != recipe:
                raise NotPreparedError(
                    f"recipe {recipe}: is not prepared; `inspector ctl recipe prepare {recipe}` does that"
                )
            judges = self._judges(prepared.product)
            judges.check(prepared.bundle)
            setup = Setup(prepared.loaded or now.dispatcher, judges, recipe, prepared.product)
            if prepared.loaded is not None:
                target = _target(now)
                self._line.bundles.activate(prepared.loaded, setup, run=run, keep=True)
                self.target = target
            elif identity_of(prepared.bundle) != now.dispatcher.identity:
                raise NotPreparedError(
                    f"recipe {recipe}: another bundle was activated since it was prepared; prepare it again"
                )
            else:
                self._line.bundles.change(setup, run=run)
            self.prepared = None

    def end_run(self) -> str:
        """End the run that is on and return its name, or empty."""
        return self._line.runs.end()

    # Bundles.

    def activate(self, name: str) -> Setup:
        """Load a bundle by its path, or the name of an included one, and have it give the verdicts. Raises UserError."""
        return self._take_over(self.open(name))

    def open(self, name: str) -> Bundle:
        """The bundle of this path, relative to the configuration's folder, or name. Raises UserError."""
        return _opened(lambda: open_bundle(name, self._folder, self._signers))

    def roll_back(self) -> Setup:
        """Go back to the bundle and recipe before, under the rules of the configuration as it is now. Raises UserError, also where the
        bundle's files are not what they were."""
        target = self.target
        if target is None:
            raise UserError("there is no bundle to go back to: no other one was active since the line started")
        before = target.bundle
        if identity_of(before) == self._line.inference.active.identity:
            raise UserError(f"bundle {before.id}: is active already")
        bundle = _opened(lambda: read_bundle(before.path, before.operating_point, self._signers))
        if bundle.sha256 != before.sha256:
            raise UserError(
                f"{before.path}: holds {bundle.id} now, not {before.id}; put its files back, or activate another bundle"
            )
        return self._take_over(bundle, f"back to bundle {bundle.id}", target)

    def forget_prepared(self) -> None:
        """Unload a recipe that was prepared and not used."""
        with self._lock:  # a run that begins with it meanwhile has it, or does not
            prepared, self.prepared = self.prepared, None
        if prepared is not None and prepared.loaded is not None:
            self._line.inference.unload(prepared.loaded)

    # The configuration.

    def reload(self) -> list[Difference]:
        """Read the configuration file again and apply what can be without a restart; return all that differs. Raises UserError, and
        changes nothing then."""
        config = self._read_config()
        found = differences(self._file, config)
        bundle = self.open(config.bundle)
        # A bundle that failed and was replaced by the one before is tried again.
        altered = identity_of(bundle) != identity_of(self._configured) or self._line.bundles.was_put_back
        if altered and config.bundle == self._file.bundle:  # its files or its thresholds, or it failed
            now = self._line.inference.active.bundle if self._line.bundles.was_put_back else self._configured
            found.append(Difference(key="bundle", before=_words(now), after=_words(bundle)))
        if live := [one.key for one in found if one.live]:
            self._apply(self._only_live(config), bundle if altered else None, ", ".join(live))
        self._file, self._configured = config, bundle
        return found

    def _only_live(self, config: LineConfig) -> LineConfig:
        """The running configuration with the keys of ``config`` that need no restart."""
        now, changed = self._line.config, msgspec.structs.replace
        cameras = {one.name: one for one in config.cameras}
        return changed(
            now,
            bundle=config.bundle,
            recipes=config.recipes,
            deadline_ms=config.deadline_ms,
            drain_timeout_s=config.drain_timeout_s,
            verdicts=changed(config.verdicts, threads=now.verdicts.threads),
            cameras=tuple(with_scale(one, cameras.get(one.name, one)) for one in now.cameras),
        )

    def _apply(self, config: LineConfig, bundle: Bundle | None, keys: str) -> None:
        why = f"configuration reloaded: {keys}"
        line, product = self._line, self._line.runs.now.setup.product
        judges = judges_of(_with_recipe(config, product), self._line.fits, line.serials)
        if bundle is not None and not (product and product.bundle):
            loaded = self._load(bundle, judges)
            with self._committed(config):
                self._switch(loaded, why)
        else:
            judges.check(line.inference.active.bundle)
            with self._committed(config):
                line.bundles.change(replace(line.runs.now.setup, judges=judges), why=why)

    @contextmanager
    def _committed(self, config: LineConfig) -> Iterator[None]:
        """The line has ``config``, so that it is announced; where what follows is refused, it has the one before."""
        before = self._line.config
        self._commit(config)
        try:
            yield
        except UserError:
            self._commit(before)
            raise

    def _commit(self, config: LineConfig) -> None:
        self._line.config = config
        self._line.cameras.set_limits(config.deadline_ms, config.overload)

    # Parts of the above.

    def _take_over(self, bundle: Bundle, why: str = "", back: Target | None = None) -> Setup:
        """Load ``bundle`` and activate it with the recipe in force, or that of ``back``."""
        loaded = self._load(bundle, self._judges(back.product if back else self._line.runs.now.setup.product))
        return self._switch(loaded, why, back)

    def _switch(self, loaded: Dispatcher, why: str, back: Target | None = None) -> Setup:
        with self._lock:
            now = self._line.runs.now.setup
            recipe, product = (back.recipe, back.product) if back else (now.recipe, now.product)
            target = _target(now)
            try:
                judges = self._judges(product)
                judges.check(loaded.bundle)  # the rules may have changed while it loaded
                setup = Setup(loaded, judges, recipe, product)
                self._line.bundles.activate(loaded, setup, why=why, keep=True)
            except UserError:
                self._line.inference.unload(loaded)
                raise
            if loaded.identity != now.dispatcher.identity:  # the same one loaded again: the way back stays what it was
                self.target = target
            return setup

    def _load(self, bundle: Bundle, judges: Judges) -> Dispatcher:
        loaded = self._line.bundles.load(bundle, judges)
        self._line.bundles.wait_ready(loaded)
        return loaded

    def _judges(self, product: RecipeConfig | None) -> Judges:
        return judges_of(_with_recipe(self._line.config, product), self._line.fits, self._line.serials)


def _with_recipe(config: LineConfig, product: RecipeConfig | None) -> LineConfig:
    try:
        return with_recipe(config, product) if product else config
    except ValueError as error:
        raise UserError(f"recipe: {error}") from None


def _words(bundle: Bundle) -> str:
    return f"{bundle.id}, operating point {bundle.operating_point.id}"


def _target(setup: Setup) -> Target:
    return Target(setup.dispatcher.bundle, setup.recipe, setup.product)


def judges_of(config: LineConfig, fits: Fits, serials: Mapping[str, str] = NO_SERIALS) -> Judges:
    """The judges under a configuration's rules; ``serials`` are those of the cameras that are open."""
    return Judges(
        config.verdicts,
        {camera.name: camera.scale for camera in config.cameras},
        {camera.name: camera.placement for camera in config.cameras},
        fits,
        serials,
    )


def signers_of(config: LineConfig) -> Signers | None:
    """Those who must have signed a bundle of this line; None where it needs no signature."""
    return None if config.bundle_signers is None else Signers(Path(config.bundle_signers))


def _with_point(path: Path, operating_point: str | None, signers: Signers | None) -> Bundle:
    bundle = read_bundle(path, signers=signers)
    if operating_point is None:
        return bundle
    check = None if signers is None else signers.check
    return read_bundle(path, read_operating_point(Path(operating_point), bundle.classes, check), signers)


def _opened(read: Callable[[], Bundle]) -> Bundle:
    try:
        return read()
    except BundleError as error:
        raise UserError(with_remedy(error)) from None
