"""Pages of the site that are written from the code, and never by hand."""
