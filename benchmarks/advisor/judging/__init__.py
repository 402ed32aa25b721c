"""What the advisor's benchmarks share: servers, a judge that knows nothing of the advisor, and the other advisors."""
