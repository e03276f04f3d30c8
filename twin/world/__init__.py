"""What happens: people, lines, money and care, as whole-number arrays."""
