"""The core: what a report and a case are, and what may happen to them.

Nothing in this package reads a clock, a file, a database or a mail server.
"""
