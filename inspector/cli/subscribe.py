"""``inspector subscribe``: a live, readable tail of a line's results."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from inspector.cli.options import Limits, number_option
from inspector.cli.output import console, escaped, tell

if TYPE_CHECKING:
    from inspector.client import Event, Subscriber
    from inspector.frames.outcome import Verdict

_LOOK_UP_MS = 100
_SILENCE_S = 1.5


def subscribe(
    endpoint: Annotated[
        str, typer.Argument(metavar="ENDPOINT", help="Address of the publisher, as in results.endpoint.")
    ] = "tcp://127.0.0.1:5550",
    line: Annotated[str | None, typer.Option(help="Only this line.")] = None,
    camera: Annotated[str | None, typer.Option(help="Only this camera.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per message, masks in base64.")] = False,
    count: Annotated[
        int | None, number_option("--count", Limits(1, 2**63 - 1, whole=True), help="Stop after this many messages.")
    ] = None,
    timeout_s: Annotated[
        float | None,
        number_option("--timeout", Limits(0.1, 31_536_000), help="Stop when nothing arrives for this many seconds."),
    ] = None,
    heartbeats: Annotated[bool, typer.Option("--heartbeats", help="Show heartbeats too.")] = False,
    since: Annotated[
        str, typer.Option(help="Where to begin: now, or epoch: with the first message of the running epoch.")
    ] = "now",
    no_recovery: Annotated[
        bool, typer.Option("--no-recovery", help="Show what comes at once, and do not ask for what is missing.")
    ] = False,
    server_key: Annotated[
        Path | None, typer.Option(help="Public key file of a publisher that uses CURVE (*.key).")
    ] = None,
    client_key: Annotated[Path | None, typer.Option(help="Your own secret key file (*.key_secret).")] = None,
) -> None:
    """Show a line's verdicts, and whether any message was missed. Ctrl-C stops it.

    Messages that did not arrive are fetched from the line, and shown in their order. Exit status: 0 nothing was missed since joining, 1
    something was missed and could not be had any more, 2 a mistake in the call.
    """
    from inspector.client import Subscriber
    from inspector.errors import UserError

    if since not in ("now", "epoch"):
        raise UserError(f"--since: found {since[:40]!r}, expected now or epoch")
    if no_recovery and since != "now":
        raise UserError(f"--since {since}: what came before has to be fetched; leave out --no-recovery")

    prefix = "v1/" + (f"{line}/" + (f"{camera}/" if camera else "") if line else "")
    tail = _Tail(endpoint, camera, as_json, heartbeats, count, recovers=not no_recovery)
    with Subscriber(
        endpoint,
        prefix,
        recovery=None if no_recovery else "auto",
        since=cast(Literal["now", "epoch"], since),
        server_key=server_key,
        client_key=client_key,
    ) as subscriber:
        with contextlib.suppress(KeyboardInterrupt):
            tail.follow(subscriber, timeout_s)
        tail.sum_up(subscriber)
    if tail.missed or subscriber.malformed:
        raise typer.Exit(1)


class _Tail:
    """Prints the messages that arrive and counts them."""

    def __init__(
        self, endpoint: str, camera: str | None, as_json: bool, heartbeats: bool, count: int | None, *, recovers: bool
    ) -> None:
        self.missed = 0
        """What could not be had, as far as is known; the unknown end of an epoch counts as one."""
        self._recovers = recovers
        self._endpoint, self._camera, self._as_json = endpoint, camera, as_json
        self._heartbeats, self._left = heartbeats, count
        self._verdicts: Counter[Verdict] = Counter()
        self._sheets: Counter[Verdict] = Counter()
        self._out, self._err = console(), console(stderr=True)

    def follow(self, subscriber: Subscriber, timeout_s: float | None) -> None:
        """Print until the count is reached or nothing arrives for ``timeout_s``."""
        heard, told, since_s = False, False, time.monotonic()
        while self._left is None or self._left > 0:
            event = subscriber.receive(_LOOK_UP_MS)
            if event is not None:
                heard, since_s = True, time.monotonic()
                self._show(event)
                continue
            silent_s = time.monotonic() - since_s
            if timeout_s is not None and silent_s >= timeout_s and not subscriber.recovering:
                return
            if not heard and not told and silent_s >= _SILENCE_S:
                told = True
                self._err.print(
                    f"nothing heard from {self._endpoint} yet: does the daemon run there, does it publish this line and "
                    "camera, and if it uses CURVE, is your key in its list?",
                    style="yellow",
                    soft_wrap=True,
                )

    def sum_up(self, subscriber: Subscriber) -> None:
        """Verdict counts and what was missed, per stream."""
        from inspector.cli.result_lines import VERDICT_STYLES

        if self._as_json:
            return
        self._out.rule(style="dim")
        for verdict, style in VERDICT_STYLES.items():
            sheets = f"{self._sheets[verdict]:>10} sheets" if self._sheets else ""
            frames = f"{self._verdicts[verdict]:>10}" if self._verdicts or not self._sheets else ""
            self._out.print(f"{verdict.value:<12}{frames}{sheets}", style=style)
        for stream, books in subscriber.streams.items():
            if self._camera in (None, stream.camera):
                self._out.print(f"{stream.line}/{stream.camera} {stream.epoch[:8]}: {books.summary()}", soft_wrap=True)
        if subscriber.malformed:
            self._out.print(f"{subscriber.malformed} messages were malformed", style="bold red")

    def _show(self, event: Event) -> None:
        from inspector.client import LinkBack, LinkLost, Malformed, Missed, NewEpoch, Packet
        from inspector.frames.sheet import SHEET
        from inspector.protocol.messages import GapBody, HeartbeatBody, ResultBody

        camera = None
        if isinstance(event, Packet):
            camera = event.header.camera
        elif not isinstance(event, (Malformed, LinkLost, LinkBack)):
            camera = event.stream.camera
        if self._camera is not None and camera not in (None, self._camera):
            return
        if isinstance(event, Missed) and not event.before_joining:
            self.missed += event.count
        elif isinstance(event, NewEpoch) and self._recovers and not event.end_known:
            self.missed += 1
        if isinstance(event, Packet):
            if isinstance(event.body, HeartbeatBody) and not self._heartbeats:
                return
            verdicts = self._sheets if camera == SHEET else self._verdicts
            if isinstance(event.body, ResultBody):
                verdicts[event.body.verdict] += 1
            elif isinstance(event.body, GapBody):
                verdicts[event.body.verdict] += event.body.last - event.body.first + 1
            if self._left is not None:
                self._left -= 1
        self._print(event)

    def _print(self, event: Event) -> None:
        import msgspec

        from inspector.cli.event_lines import notice, record
        from inspector.cli.result_lines import line_of
        from inspector.client import Packet

        if self._as_json:
            tell(escaped(msgspec.json.encode(record(event)).decode()), at_once=True)
        else:
            self._out.print(line_of(event) if isinstance(event, Packet) else notice(event), soft_wrap=True)
