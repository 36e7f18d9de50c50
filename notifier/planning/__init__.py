"""Whom an event tells, and what it withdraws: pure functions, called inside a transaction.

Takes an event, the memory of its ticket and the policy, gives a plan. Refuses nothing:
what cannot be told becomes a delivery that says why.
"""
