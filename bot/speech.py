"""Every sentence the bot says."""

from __future__ import annotations

from bot.domain import Label, Refusal, Verdict

_NAMES = {Label.OLAF: "Olaf!", Label.ABOMINABLE: "Abominable!"}

_REFUSALS = {
    Refusal.EMPTY: "That file is empty. Try sending the photo again.",
    Refusal.NOT_A_PICTURE: "I can't open that as a picture. A JPEG or a PNG would do.",
    Refusal.DAMAGED: "That picture is damaged or didn't arrive whole. Try sending it again.",
    Refusal.TOO_MANY_BYTES: "That file is too big for me: 20 MB is the most I can carry.",
    Refusal.TOO_MANY_PIXELS: "That picture is too big for me: 50 megapixels is the most I can see.",
    Refusal.TOO_OFTEN: "So many photos! My carrot is spinning. Give me a minute, then go on.",
    Refusal.TOO_SLOW: "That photo took too long to reach me. Try again, or try a smaller one.",
    Refusal.BUSY: "I have my stick arms full right now. Try again in a moment.",
    Refusal.CLOSING: "I'm just going out in the snow. Try again in a minute.",
    Refusal.FAULT: "Something went wrong on my side, not yours. Try again in a moment.",
}


def answer(verdict: Verdict) -> str:
    """Word a verdict: `Olaf! 97%`."""
    text = f"{_NAMES[verdict.label]} {percent(verdict.confidence)}"
    if verdict.unfamiliar:
        text += ". Honestly, that looks like neither of my snow people."
    return text


def refusal(reason: Refusal) -> str:
    """Word the reason why there is no verdict, and what to do next."""
    return _REFUSALS[reason]


def who_are_you() -> str:
    """Answer a photo that comes from no page of ours."""
    return "I don't know who sent that. Reload the page and try again."


def only_this_computer() -> str:
    """Say why a shared link will not work for others yet."""
    return (
        "Only this computer can open that link. To let phones in, "
        "start the bot with: python -m bot --host 0.0.0.0"
    )


def percent(share: float) -> str:
    """Word a probability (0..1) as a whole percentage; it is never quite certain."""
    return f"{min(99, max(1, round(share * 100)))}%"
