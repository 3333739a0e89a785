"""The office's real files: reading 附1 as staff filled it. Nothing here knows the database or the workflow."""
