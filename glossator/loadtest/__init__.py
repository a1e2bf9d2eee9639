"""`glossator loadtest`: measures a backend as its users experience it."""
