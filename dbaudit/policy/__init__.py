"""What a team has decided: which checks run, which findings are known, what a query may take."""
