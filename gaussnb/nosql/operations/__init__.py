"""The declarations of operations: one module for each chapter of the API, with the groups of the chapter at its end."""
