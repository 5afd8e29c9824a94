"""Public page, operators' page, and their two APIs."""
