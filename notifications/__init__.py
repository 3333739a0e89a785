"""Mail: what it says, how it is built, how it reaches the server, and the work on the outbox."""
