"""What the end-to-end tests run against: the real client, a scripted model, and small worlds."""
