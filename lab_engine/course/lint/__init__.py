"""Looks at lessons without a bench, and says what an author should mend.

    structure  the text and the lab belong together (`lab_engine.course.faults`)
    proof      every check has near misses, solutions and a baseline where it needs one
    wording    the text states what the checks want, and every command in it is run by a test
    taught     the text shows every command and option that the first solution uses
    drawings   diagrams use names that the text explains
    order      lessons and steps follow the source

What only a bench can show is left to `infralab prove`.
"""
