"""The campaign: figures that show how often the product went wrong under faults."""
