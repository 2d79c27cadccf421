"""The cost-benefit account: assumptions, programme, ledger, and what is asked of them."""
