"""What the system costs, computed from metered calls and a dated price table: `make cost`."""
