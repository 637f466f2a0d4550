"""The log: structured, on stderr, with secrets masked where it is written."""
