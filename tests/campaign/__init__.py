"""The campaign: figures that show how often the product went wrong. ``python -m tests.campaign`` runs it."""
