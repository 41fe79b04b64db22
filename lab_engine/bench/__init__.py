"""The bench: the isolated machine that a lesson happens on, seen from the client.

    image      build, save and load the image that a bench is started from
    container  create, find, reach and remove benches
    cache      the volume that keeps what is slow to make

`recipe/` says how the image is made, `rootfs/` holds the files laid into it.
"""
