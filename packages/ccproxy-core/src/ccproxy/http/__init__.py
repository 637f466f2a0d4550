"""Everything that goes out over the network goes through here."""
