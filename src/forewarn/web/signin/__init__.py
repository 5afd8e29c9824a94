"""Who an operator is and what they may do: accounts, keys, sessions, a table of roles."""
