"""Who may ask how often, and for how much; imported only where there are limits."""
