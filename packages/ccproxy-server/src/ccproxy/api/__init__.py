"""The gateway: relay, API and life cycle."""
