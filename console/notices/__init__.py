"""What everybody is told each day: counts alone, to the addresses that accounts have."""
