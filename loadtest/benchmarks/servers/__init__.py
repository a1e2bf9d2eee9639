"""The servers that are measured, ours and others: how they are started and stopped."""
