"""A report as a page: what stands on it, and how it is written (HTML, Markdown, tables)."""
