"""What is measured: our servers and others, started and stopped."""
