"""What a lab may state about machines of Vagrant."""
