"""What the Dockerfile says, done without an engine: `python -m tests.container`."""
