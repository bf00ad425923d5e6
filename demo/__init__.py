"""The bot in a browser alone, which any static host can serve: `make demo` builds it."""
