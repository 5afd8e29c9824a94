"""A world of its own: raids flown and seen, to judge the chain by. It warns nobody."""
