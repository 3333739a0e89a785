"""What every test shares: how property tests run."""

from hypothesis import settings

settings.register_profile("kaoji", deadline=None, print_blob=True)  # a slow machine is no broken rule
settings.load_profile("kaoji")
