"""What clients reach: websocket sessions, HTTP routes, and the built-in page."""
