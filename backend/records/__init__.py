"""What is written down about requests: logs, the log of answers, the audit of the rails."""
