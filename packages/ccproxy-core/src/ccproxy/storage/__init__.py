"""The database: opened for a moment, worked with, closed."""
