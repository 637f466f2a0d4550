"""What FastAPI serves."""
