"""What a server tells of its work: metrics, logs, traces."""
