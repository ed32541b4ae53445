"""What happens, as it happens: one reader of Kafka for each process, fanned out to its live clients."""
