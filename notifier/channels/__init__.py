"""How a message leaves the house: one module per provider, strangers to one another.

Takes finished messages, gives receipts. Refuses by raising DeliveryError.
"""
