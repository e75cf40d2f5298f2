"""Files: model files, other frameworks' names and gate orders, PyTorch's files without PyTorch."""
