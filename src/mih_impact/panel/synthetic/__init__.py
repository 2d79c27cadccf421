"""A synthetic register with a known effect, in the order of events.

People, their histories without the programme, who starts, what the programme does to them, the rows
a register would show; then the files that are shipped.
"""
