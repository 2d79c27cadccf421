"""Results as files: tables, figures, contact sheets."""
