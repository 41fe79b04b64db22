"""The screens of infralab. The only package that knows textual.

`app` routes between `screens/`; `desk` holds the session and everything that outlives a screen;
`terminal/` is the shell beside the text; `topology/` is the picture of what is there.
"""
