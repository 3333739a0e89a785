"""The processes: configuration, the command line, the daemon, the replay."""
