"""A notification service that stands beside any help desk. The road, station by station:

    web        a signed webhook comes in over HTTP
    intake     verifies, reads and records it; the only caller of planning
    sources    how a help desk's call is authenticated and read       (pure)
    planning   whom the event tells, and what it withdraws            (pure)
    store      events, tickets, deliveries, lanes, attempts: the only memory
    dispatch   takes leased batches out; limits and batching are pure
    rendering  a batch becomes a mail or a text message               (pure)
    channels   the message leaves the house

`model` holds the words all of them speak; `app` is the only one that knows concrete classes.
"""

__version__ = "0.1.0"
