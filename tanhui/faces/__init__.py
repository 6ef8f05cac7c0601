"""The only rooms that speak to people: each face parses, calls one service and shows the answer."""
