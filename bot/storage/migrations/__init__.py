"""The tables' history; `bot.storage.database` brings a database up to date at start."""
