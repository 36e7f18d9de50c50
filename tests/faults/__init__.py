"""The faults that the service must survive, each a cell with tests whose ids carry it."""
