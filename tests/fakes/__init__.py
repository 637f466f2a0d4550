"""Stand-ins for upstreams, as strict as the real ones."""
