"""A dispatcher for tests, on the product's own mailer."""
