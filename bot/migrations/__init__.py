"""The tables' history; `bot.database` brings a database up to date at start."""
