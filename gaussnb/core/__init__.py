"""The declaration of operations and their translation: no network, no files, no product."""
