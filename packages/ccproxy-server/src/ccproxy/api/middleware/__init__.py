"""Layers around every request, each a plain ASGI app."""
