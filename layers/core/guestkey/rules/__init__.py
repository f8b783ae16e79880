"""What is right: values in, values out. No clock, no AWS, no I/O."""
