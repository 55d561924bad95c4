"""Publishes the line's results: streams number the messages, the journal stores them, the publisher sends them.

The rest of the line uses only ``Results`` (``inspector.results.results``): it takes settled frames and events
from any thread and only queues them. One thread numbers, journals and sends them in that order, another lets subscribers in and watches
them, a third owns the SQLite file. The line never waits for a slow subscriber or a slow disk, and nothing a subscriber sends changes
what it does.
"""
