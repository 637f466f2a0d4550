"""The core's migrations; each file names the one before."""
