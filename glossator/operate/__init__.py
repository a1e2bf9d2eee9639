"""`glossator init` and `glossator doctor`: begin an installation, and check one."""
