"""Rows and the objects they stand for; each repository works within one session."""
