"""The contract of a bundle for other languages: ``contract.json``, ``contract.md``, golden pictures, metadata."""
