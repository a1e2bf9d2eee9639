"""The command line. It composes the packages; each command imports what it needs when it runs."""
