"""Users, replicas and their scaling as discrete events: hours of traffic in seconds. Pure."""
