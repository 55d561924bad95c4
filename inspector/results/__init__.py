"""Results: what leaves the line. Streams that number messages, the journal that keeps them and the publisher that sends them.

``Results`` (``inspector.results.results``) is the one door for the rest of the line: it takes settled frames and events
from any thread and only queues them. One thread numbers, journals and sends them in that order, and owns every socket;
another owns the SQLite file. Neither a slow subscriber nor a stuck disk is ever waited for.
"""
