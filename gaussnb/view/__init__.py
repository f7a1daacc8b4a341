"""The views of a watch that need no ipywidgets: text, HTML and notebook output."""
