"""Finds plugins, orders them, and keeps each one's failures its own."""
