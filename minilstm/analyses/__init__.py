"""The paper's analyses, and some beyond it."""
