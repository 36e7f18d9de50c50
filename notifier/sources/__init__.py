"""How a help desk's call is authenticated and read."""
