"""``inspector soak``: the line with everything around it for hours, with faults at random."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspector.cli.options import LARGEST_SEED, Limits, number_option
from inspector.cli.output import escaped, tell

if TYPE_CHECKING:
    from inspector.soak.summary import Summary

DAEMON = ("-m", "inspector.cli.soak_daemon")


def soak(
    hours: Annotated[
        float, number_option("--hours", Limits(0, 10_000, above=True), help="How long; 0.05 are three minutes.")
    ] = 1.0,
    seed: Annotated[
        int | None,
        number_option(
            "--seed", Limits(0, LARGEST_SEED, whole=True), help="Of the faults; printed. Default: a new one."
        ),
    ] = None,
    rate: Annotated[
        float, number_option("--rate", Limits(1, 10_000), help="Frames per second of the simulated camera.")
    ] = 30.0,
    bundle: Annotated[
        str, typer.Option(help="Bundle that the line inspects with: a folder, or an included one.")
    ] = "demo",
    no_faults: Annotated[bool, typer.Option("--no-faults", help="Do nothing to the processes, only watch.")] = False,
    plant: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="Plant errors, to see that they are found: leak, lost, wrong-pass, wrong-gate, or several of them with commas. Ends when all "
            "are; exit status 1 where one is not.",
        ),
    ] = "",
    keep: Annotated[
        Path | None, typer.Option(help="New or empty folder for journal, configurations and logs, which stay there.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object for each event, the last is the summary.")
    ] = False,
) -> None:
    """Run a simulated line with faults at random, and check all the time that nothing is lost and nobody is let in.

    Daemon, inference, two subscribers that recover what they miss, and a reject controller on trial, each a process of its own on this
    machine. Exit status 1 where a promise was broken. Ctrl-C ends it with the summary so far (docs/soak.md).
    """
    from inspector.service.signals import stop_on_signals
    from inspector.soak.plan import SoakSettings
    from inspector.soak.run import soak as run

    settings = SoakSettings(
        seconds=hours * 3600,
        seed=random.SystemRandom().randrange(1 << 31) if seed is None else seed,
        rate_hz=rate,
        faults=not no_faults,
        bundle=_found(bundle),
        plant=_plants(plant),
        restart_every_s=max(60.0, hours * 3600 / 15),
    )
    folder = None if keep is None else _prepared(keep)
    with stop_on_signals() as stop:
        summary = run(settings, DAEMON, folder, stop, _print_json if as_json else _print)
    if as_json:
        import msgspec

        _print_json("summary", msgspec.to_builtins(summary))
    else:
        tell(in_words(summary))
    if not summary.sound:
        raise typer.Exit(1)


def in_words(summary: Summary) -> str:
    """The summary for people."""
    from inspector.soak.planting import PLANTS

    gate, journal, second = summary.controller, summary.journal, summary.second_subscriber
    lines = [
        f"{summary.seconds / 3600:.2f} h, seed {summary.seed}: {summary.frames} frames in {summary.epochs} epochs; {_counts(summary.verdicts)}",
        f"  reasons: {_counts(summary.reasons)}",
        f"  {summary.published} publications received, of which {summary.recovered} recovered, {summary.missed} missed; second subscriber: "
        f"{second['received']} received, {second['missed']} missed",
        f"  journal: {journal['rows']} the same as published, {journal['not_stored']} not stored and marked so, {journal['lost_at_kill']} "
        "behind the last commit of a daemon that was killed",
        f"  reject controller: {gate['passed']} sheets passed of {gate['in_time_passes_published']} with a PASS in time, output PASS for "
        f"{gate['open_s']:.0f} s",
        f"  faults: {_counts(summary.faults) or 'none'}",
    ]
    if summary.longest_until_well_s:
        worst = max(summary.longest_until_well_s, key=lambda name: summary.longest_until_well_s[name])
        lines.append(f"  longest until all was well again: {summary.longest_until_well_s[worst]:.1f} s, after {worst}")
    for grown in summary.growth:
        figures = ", ".join(f"{grown.last[name]:.0f} {name} ({grown.per_hour[name]:+.1f}/h)" for name in grown.last)
        lines.append(f"  {grown.role}, watched for {grown.watched_s:.0f} s: {figures}")
    for name, found in summary.caught_after_s.items():
        what = "NOT FOUND" if found is None else f"found after {found:.1f} s"
        lines.append(f"planted: {PLANTS[name]}: {what}")
    if summary.caught_after_s:
        return "\n".join(lines)
    if summary.violations:
        lines.append(f"BROKEN: {_counts(summary.violations)}")
    else:
        lines.append("every promise was kept")
    return "\n".join(lines)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _print(event: str, figures: dict[str, Any]) -> None:
    if event == "begun":
        tell(f"seed {figures['seed']}; the line publishes on {figures['endpoint']}", at_once=True)
    elif event == "violation":
        tell(f"BROKEN after {figures['after_s']:.1f} s, {figures['kind']}: {figures['text']}", at_once=True)
    elif event == "minute":
        memory = ", ".join(f"{role} {values[0]:.0f} MiB" for role, values in figures["processes"].items())
        tell(
            f"{figures['seconds'] // 60:.0f} min: {figures['frames']} frames, {figures['uninspected']} UNINSPECTED, {figures['passed']} passed at the "
            f"gate; {figures['faults']} faults, {figures['epochs']} epochs, {figures['recovered']} recovered, {figures['missed']} missed; "
            f"{figures['violations']} broken; {memory}",
            at_once=True,
        )


def _print_json(event: str, figures: dict[str, Any]) -> None:
    import msgspec

    tell(escaped(msgspec.json.encode({"event": event, **figures}).decode()), at_once=True)


def _plants(given: str) -> tuple[str, ...]:
    """What is to be planted. Raises UserError."""
    from inspector.errors import UserError
    from inspector.soak.planting import PLANTS

    plants = tuple(dict.fromkeys(given.split(","))) if given else ()
    for one in plants:
        if one not in PLANTS:
            raise UserError(f"--plant: found {one!r}, expected one or several of {', '.join(PLANTS)}")
    return plants


def _found(bundle: str) -> str:
    """The bundle's folder, as the generated configuration names it. Raises BundleError."""
    from engines.bundle import find_bundle

    return str(find_bundle(bundle).absolute())


def _prepared(keep: Path) -> Path:
    """The folder, made where it is not there. Raises UserError where it is not empty."""
    from inspector.errors import UserError

    keep.mkdir(parents=True, exist_ok=True)
    if any(keep.iterdir()):
        raise UserError(f"--keep: {keep} is not empty; give a new folder")
    return keep.absolute()
