"""The read models: what the log says, in the shape that questions have."""
