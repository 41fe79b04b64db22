"""What a check can require of image layouts (client side)."""
