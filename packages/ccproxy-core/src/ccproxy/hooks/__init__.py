"""Hooks observe: typed events, and the bus that delivers them."""
