"""The application: the one path every act takes, the wake-ups, and the questions people ask."""
