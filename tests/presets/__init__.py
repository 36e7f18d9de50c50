"""Presets: what each makes of calls in its vendor's shape."""
