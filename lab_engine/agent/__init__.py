"""The root daemon in the bench: provisions, observes, answers probes, reports events."""
