"""Speed, as ratios of things measured side by side in one run. Nothing here is a test: machines are noisy."""
