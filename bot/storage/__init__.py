"""What outlives the process: SQLite or PostgreSQL, and nothing of it outside of this package."""

from bot.storage.driver import StoreError
from bot.storage.seasons import DuePodium
from bot.storage.store import Store

__all__ = ["DuePodium", "Store", "StoreError"]
