"""One file that a learner hands in: what is in it, how it is made, how it is read with distrust."""
