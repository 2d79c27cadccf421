"""Group-time effects after Callaway and Sant'Anna (2021), all outcomes from one influence."""
