"""Single-file programs that run in the containers that build packs."""
