"""A step's text as widgets: paragraphs, code that can be sent to the shell, tasks, questions."""
