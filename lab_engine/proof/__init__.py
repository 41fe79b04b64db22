"""The proof of a lesson's checks, on the real bench: `infralab prove`."""
