"""The words of the service, as plain frozen values. Imports nothing else of ours.

Takes nothing, gives the types every other part speaks in, refuses input and output.
"""
