"""The scoring server as a container's one process: told by variables, and bounded by the limits of its cgroup."""
