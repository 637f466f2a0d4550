"""Work that must not hold up a request."""
