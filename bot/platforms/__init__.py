"""The chats the bot lives in. Each adapter translates its platform's events to the domain."""
