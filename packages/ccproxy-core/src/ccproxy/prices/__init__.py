"""What requests have cost: list prices, or those of the settings."""
