"""What a lab can require of Incus."""
