"""`make bench`: what the service costs, beside peers that do the same work in the same run."""
