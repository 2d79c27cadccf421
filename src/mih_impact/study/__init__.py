"""A whole analysis as one frozen specification, and its run."""
