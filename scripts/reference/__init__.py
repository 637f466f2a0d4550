"""The reference documentation, one page per module, each written from the code."""
