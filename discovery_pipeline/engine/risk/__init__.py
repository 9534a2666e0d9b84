"""Risk: what may go wrong in the move, from facts."""
