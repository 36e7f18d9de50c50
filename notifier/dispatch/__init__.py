"""Takes leased batches out of the house; what leaves together, and when, is decided purely.

Takes batches from the store, gives outcomes back to it. Refuses nothing; whatever happens to
a batch is settled.
"""
