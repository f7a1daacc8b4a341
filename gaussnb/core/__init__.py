"""What an operation is. No input or output, no product."""
