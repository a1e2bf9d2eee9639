"""What is written down about requests: the log, and the audit of the rails."""
