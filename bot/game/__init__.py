"""The rules of the game: pure, without a clock, chance or a database."""
