"""What a decision costs which budget in which year: cash, by payer, in blocks never netted."""
