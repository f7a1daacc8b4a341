"""What a watch looks like, without ipywidgets."""
