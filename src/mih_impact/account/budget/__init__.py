"""From the account to the budget table."""
