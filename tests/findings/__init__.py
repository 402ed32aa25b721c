"""Tests of what was concluded."""
