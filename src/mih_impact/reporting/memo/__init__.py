"""The memo: two pages that answer what a decision costs and gives, every number traceable."""
