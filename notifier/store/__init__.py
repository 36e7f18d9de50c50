"""What must survive a crash, and the only place where intake and dispatch meet.

Takes accepted events and outcomes, gives leased batches and history. Refuses what it cannot
commit.
"""
