"""The campaign: figures that show how often the product went wrong under faults. ``python -m tests.campaign`` runs it."""
