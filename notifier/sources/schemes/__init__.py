"""Schemes of authentication, one module each; `sources/authenticating.py` puts them together."""
