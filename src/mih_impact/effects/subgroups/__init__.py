"""Effects of parts of the participants: who they are, whether they differ, what may be shown."""
