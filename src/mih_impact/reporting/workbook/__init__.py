"""The account as an Excel workbook whose ledger is live: every amount a formula over inputs."""
