"""The command line. It composes the packages. Each command imports what it needs when it runs."""
