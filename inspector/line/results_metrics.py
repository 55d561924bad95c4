"""Publisher, subscribers and journal, as metrics."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from inspector.results.bad_messages import Fault
from inspector.results.journal_state import JournalState
from inspector.results.snapshot import Snapshot


def collect(published: Snapshot, bad_commands: dict[str, dict[Fault, int]]) -> Iterator[Metric]:
    """The metrics of the results as they are now, and of messages to any socket that could not be used: ``bad_commands`` are those to control."""
    publications = CounterMetricFamily(
        "inspector_publications", "Numbered messages that were published.", labels=["camera"]
    )
    for camera, last_seq in published.last_seq.items():
        publications.add_metric([camera], last_seq + 1)
    yield publications
    yield CounterMetricFamily(
        "inspector_published_bytes",
        "Bytes of those messages, each counted once, however many subscribers get it.",
        value=published.published_bytes,
    )
    yield CounterMetricFamily(
        "inspector_publications_failed",
        "Verdicts and events that could not be published; the log says why.",
        value=published.failed,
    )
    yield GaugeMetricFamily(
        "inspector_publications_waiting",
        "Verdicts and events that wait for the publishing thread.",
        value=published.waiting,
    )
    yield GaugeMetricFamily("inspector_publisher_up", "1 while the publishing thread runs.", value=int(published.alive))
    yield from _peers(published)
    recovery = published.recovery
    asking = {} if recovery is None else {"results.recovery": recovery.bad_messages}
    yield _bad_messages({"results": published.bad_messages, **asking, **bad_commands})
    yield from _journal(published.journal)


def _peers(published: Snapshot) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "inspector_subscriptions", "Subscriptions to the line's streams.", value=published.subscriptions
    )
    yield GaugeMetricFamily("inspector_connections", "Connections of subscribers.", value=published.connections)
    yield CounterMetricFamily(
        "inspector_connections_accepted", "Connections that were made, also again.", value=published.accepted
    )
    cut_off = CounterMetricFamily(
        "inspector_connections_cut_off", "Connections that the line has ended, by cause.", labels=["cause"]
    )
    for cause, count in published.cut_off.items():
        cut_off.add_metric([cause.value], count)
    yield cut_off
    yield CounterMetricFamily(
        "inspector_keys_refused",
        "Connections that were not let in: their key is not among those of the clients, or the folder cannot be read.",
        value=published.refused,
    )


def _bad_messages(counts: dict[str, dict[Fault, int]]) -> Metric:
    metric = CounterMetricFamily(
        "inspector_bad_messages",
        "Messages of clients that could not be used and were dropped.",
        labels=["socket", "fault"],
    )
    for socket, by_fault in counts.items():
        for fault, count in by_fault.items():
            metric.add_metric([socket.removesuffix(".endpoint"), fault.value], count)
    return metric


def _journal(state: JournalState | None) -> Iterator[Metric]:
    """Without values where there is no journal."""

    def known(value: float) -> float | None:
        return None if state is None else value

    now = state or JournalState(path="")
    yield CounterMetricFamily("inspector_journal_committed", "Publications in the journal.", value=known(now.committed))
    yield CounterMetricFamily(
        "inspector_journal_committed_bytes",
        "Bytes of those publications, before masks are compressed.",
        value=known(now.committed_bytes),
    )
    yield CounterMetricFamily("inspector_journal_commits", "Commits of the journal.", value=known(now.commits))
    yield GaugeMetricFamily(
        "inspector_journal_waiting", "Publications that wait for the disk.", value=known(now.waiting)
    )
    yield GaugeMetricFamily(
        "inspector_journal_lag_seconds",
        "How long the oldest publication has waited that waits for the disk.",
        value=known(now.oldest_s),
    )
    yield CounterMetricFamily(
        "inspector_journal_dropped",
        "Publications left out of the journal, because the disk was too slow or refused them.",
        value=known(now.not_journaled),
    )
    yield CounterMetricFamily(
        "inspector_journal_commands_dropped",
        "Commands left out of the journal: thousands waited, or a value cannot be stored.",
        value=known(now.commands_not_journaled),
    )
    yield CounterMetricFamily(
        "inspector_journal_shadow_dropped",
        "Disagreements and counts of a shadow bundle left out of the journal. They are dropped first.",
        value=known(now.shadow_not_journaled),
    )
    yield GaugeMetricFamily(
        "inspector_journal_failing",
        "1 while the last commit failed; the log says why.",
        value=known(int(bool(now.error))),
    )
