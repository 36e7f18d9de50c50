"""The demonstration's inbox page: what arrived, and the path on which it came.

Takes what the catchers kept and what the service tells over its own API, gives pages for a
browser on the same machine. Needs no other address, and works without JavaScript too.
"""
