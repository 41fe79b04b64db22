"""In the bench: makes, reads and undoes what Open vSwitch holds."""
