"""The settings: read at start from the environment, files and `.env`, all faults at once."""
