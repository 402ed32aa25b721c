"""How pages are asked for: who asks, with what around, and what an answer is."""
