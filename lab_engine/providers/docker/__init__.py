"""Images, containers, networks and volumes of the Docker engine inside the bench."""
