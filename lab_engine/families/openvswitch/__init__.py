"""Open vSwitch: virtual switches that are programmed by flows."""
