"""What could be wrong with an effect, and how much of it would have to be."""
