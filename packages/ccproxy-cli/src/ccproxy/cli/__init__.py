"""The command line ``ccproxy``; nothing is imported here, so that it starts fast."""
