"""The text of the lessons: front matter, Markdown, variables, and how it looks in plain text.

    file -> front.split -> names.fill -> parse.parse -> model.Document -> plain.render_plain

Nothing here knows of lessons, benches or terminals. `parse` alone imports markdown-it, and only
when a text is shown.
"""
