"""What the portal and the processor both mean by "a file": record, states, keys, ports and AWS adapters."""
