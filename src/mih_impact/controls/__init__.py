"""Control groups: who would have been like the participants without the programme."""
