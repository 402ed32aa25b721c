"""What the rows tell: how many there are, how far keys have come, what breaks a rule."""
