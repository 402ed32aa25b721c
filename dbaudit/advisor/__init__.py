"""From findings to what to do: ranked recommendations, an implementation plan in phases, a scorecard."""
