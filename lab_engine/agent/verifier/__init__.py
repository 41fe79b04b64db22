"""The verifier: answers the checks' probes at grading, from where the learner cannot stand.

It is a container of its own beside the bench, started from the same image, and is in none of the
bench's namespaces. For each look it forks a process that enters them with the image's own files
(`entering.py`), answers with the same readers as the bench's agent (`looking.py`), says whether
those who answer there are the image's (`vouching.py`), and ends.
"""
