"""When the seminars of a series take place, by a rule of RFC 5545 read once; and whom somebody means at the door."""

from datetime import timedelta

from dateutil.rrule import rrulestr
from django.utils import timezone
from django.utils.translation import gettext as _

from partnerships.rules.names import core_key, name_key

#: So many seminars one rule makes at most.
MOST = 24
#: Nothing is planned further ahead.
FARTHEST = timedelta(days=730)
PACES = {"weekly": "FREQ=WEEKLY", "fortnightly": "FREQ=WEEKLY;INTERVAL=2", "monthly": "FREQ=MONTHLY"}


def rule_of(pace, count):
    """The rule in the words of RFC 5545, 3.3.10: every week, every other week, or every month, so many times."""
    return f"{PACES[pace]};COUNT={count}"


def occurrences(rule, starts_at):
    """The moments at which a series begins, the first included, by the clock on the wall.

    Raises ValueError with a sentence: for a rule that cannot be read, has no end, repeats within a day, or makes more
    than MOST.
    """
    text = rule.strip().upper().removeprefix("RRULE:")
    if "\n" in text or not text.startswith("FREQ="):
        raise ValueError(_("This rule cannot be read."))
    if any(f"FREQ={pace}" in text for pace in ("HOURLY", "MINUTELY", "SECONDLY")):
        raise ValueError(_("A series repeats by days, weeks, months or years."))
    if "COUNT=" not in text and "UNTIL=" not in text:
        raise ValueError(_("Say how often, or until when."))
    begins = timezone.localtime(starts_at).replace(tzinfo=None)
    try:
        days = rrulestr(text, dtstart=begins, ignoretz=True)
        found = []
        for moment in days:
            found.append(timezone.make_aware(moment))
            if len(found) > MOST:
                break
    except (ValueError, TypeError, KeyError, OverflowError):
        raise ValueError(_("This rule cannot be read.")) from None
    if len(found) > MOST:
        raise ValueError(_("A series holds at most %(most)d events.") % {"most": MOST})
    if not found:
        raise ValueError(_("This rule makes no event."))
    return found


#: So much of a name, in letters or characters, is enough to mean it at the door.
SHORTEST = 2


def meant(text, names):
    """The key of `names` ({key: spellings of one name}) that `text` means, or None: never a guess between two.

    First by a whole spelling, with or without legal form and region; then by a part that only one of them contains.
    """
    key, core = name_key(text), core_key(text)
    if len(key) < SHORTEST:
        return None
    spellings = {one: [name for name in known if name] for one, known in names.items()}
    for found in (
        [one for one, known in spellings.items() if any(name_key(name) == key for name in known)],
        [one for one, known in spellings.items() if any(core_key(name) == core for name in known)],
        [one for one, known in spellings.items() if any(key in name_key(name) for name in known)],
    ):
        if found:
            return found[0] if len(found) == 1 else None
    return None
