"""Work: tasks, their ledger, the leader that lets them in and the workers that do them."""
