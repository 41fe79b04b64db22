"""The systems that a bench can hold, each in a folder of its own."""
