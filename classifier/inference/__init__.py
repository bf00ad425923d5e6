"""A trained network at work: fast, in batches, with heat maps."""
