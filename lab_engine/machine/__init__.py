"""A virtual machine with a Docker engine, for benches: made, booted and ended by an ordinary user.

The engine's socket is forwarded to one in the data folder, so that everything else works on it as
on any engine. Nothing here needs root, and nothing of it runs in the machine but its `recipe`.

`box` makes the same system a Vagrant box, with the kit in it, that boots by itself.
"""
