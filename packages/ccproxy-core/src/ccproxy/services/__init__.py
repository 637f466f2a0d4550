"""The gateway's own services and the container that owns them."""
