"""The server as processes: a supervisor, its workers, the socket they share and the connections on it."""
