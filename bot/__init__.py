"""The chat bot: one asyncio process that shows photos to the classifier and answers in the chat."""
