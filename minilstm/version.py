"""The version of this package, which stands in files and reports."""

__version__ = "0.2.0"
