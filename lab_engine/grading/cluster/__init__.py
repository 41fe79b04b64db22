"""A batch on several machines: Dask's scheduler hands lessons to workers, each with its own engine.

    messages      what client and workers say to one another, as bytes of plain data
    at_worker     what runs in a worker: is it fit for this batch, and the grading itself
    scheduler     the connection
    crew          which workers are fit, and how much room they have
    distribution  a lesson given to the crew, and again when its worker is lost

The gradebook, the class's key and all decisions stay with the client. A worker is given one lesson
of one submission with its seed, and gives back what became of it.
"""
