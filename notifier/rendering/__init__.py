"""Rendering: a batch becomes a mail or a text message, by pure functions of its snapshot."""
