"""Rows of the database that are facts of the domain."""
