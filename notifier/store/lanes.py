"""The lane of one address, made where there is none yet.

Takes a channel and an address, gives the id of their lane. Refuses nothing.
"""

from notifier.store import stamps
from notifier.store.context import Context
from notifier.store.transaction import Transaction, as_list


def lane_of(context: Context, tx: Transaction, channel: str, address: str) -> int:
    """Give the lane of an address; what was born ended has none yet."""
    for _, _, number in tx.rows("select_lanes", as_list([(channel, address)])):
        return int(number)
    number = context.ids.next()
    tx.write("insert_lanes", [(number, channel, address, None, 3, stamps.to_blob(()))])
    return number
