"""Docker: images, containers, networks and volumes of the bench's engine."""
