"""The demonstration: everything the service needs, on loopback, in one process.

Takes nothing, gives a mail server and an SMS API that keep what they are sent.
"""
