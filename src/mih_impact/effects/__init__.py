"""Effects by year since start, with one mechanism for their uncertainty."""
