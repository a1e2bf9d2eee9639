"""Whether the machine has what the settings ask for, for the start and for `glossator doctor`."""
