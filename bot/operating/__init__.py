"""What an operator does beside running the bot: check, invite, back up, restore, export a room."""
