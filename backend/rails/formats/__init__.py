"""What secrets and personal data look like."""
