"""Measures: each module makes the rows of one kind of figure."""
