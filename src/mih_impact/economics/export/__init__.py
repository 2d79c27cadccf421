"""The account's arithmetic as plain data, for readers that have no Python."""
