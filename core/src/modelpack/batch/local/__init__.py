"""The engine `local`: several processes of this machine, in memory that does not grow with the input."""
