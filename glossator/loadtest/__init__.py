"""`glossator loadtest`: measures a backend as its users see it."""
