"""What both ends build on: plain data and small words. It knows no system and no daemon."""
