"""What clients reach: websocket sessions, HTTP routes, who may ask, and the built-in page."""
