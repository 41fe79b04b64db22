"""The code half of the lessons: one package a lesson, named after its slug."""
