"""Keeps secrets out of whatever people read."""
