"""The timeline: the stream of Events of one partnership, and the words in which each side reads it."""

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q, prefetch_related_objects
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from partnerships.models import Message, ProxyEntry, Seminar, Touchpoint
from partnerships.models.touchpoint import Kind, Precision
from partnerships.rules.terms import term_of
from partnerships.services.corrections import SAID, is_theirs
from partnerships.workflow import ENTERPRISE
from records import keyset
from records.models import Audience, Event, File, Side
from records.templatetags.show import listed, moment

log = logging.getLogger(__name__)

SIZE = 20
#: What the stream can be narrowed to: word in the address -> (label, condition).
CONTACTS, MESSAGES = Q(kind__startswith="touchpoint."), Q(kind__startswith="message.")
SHOWS = {
    "all": (gettext_lazy("All"), Q()),
    "contacts": (gettext_lazy("Contacts"), CONTACTS),
    "messages": (gettext_lazy("Messages"), ~CONTACTS & MESSAGES),  # the first half leads to the index
    "changes": (gettext_lazy("Changes"), ~CONTACTS & ~MESSAGES),
}


# --- words ---------------------------------------------------------------------------------------------------------


class TwoSided:
    """A sentence that reads differently on the enterprise's side."""

    def __init__(self, school, enterprise):
        self.school, self.enterprise = school, enterprise

    def __call__(self, event):
        return self.school(event)


def words(sentence):
    """A sentence of its own, or with the event's data in it: words(lazy "… %(name)s …")."""
    return lambda event: str(sentence) % defaultdict(str, event.data)


def moved(enterprise=None):
    """A step along the lifecycle: the state it led to and why; the enterprise reads a sentence of its own."""

    def school(event):
        label = ENTERPRISE.words.get(event.data.get("to"))
        state = label.label if label else ""
        sentence = _("Now %(state)s.") % {"state": state}
        return f"{sentence} {event.data.get('note', '')}".strip()

    return TwoSided(school, words(enterprise)) if enterprise else school


def changed(sentence):
    """An edit, with the fields it touched by the names a person knows."""

    def say(event):
        fields = [str(label_of(event, name)) for name in event.data.get("changes", {})]
        text = str(sentence) % defaultdict(str, event.data)
        return f"{text} {'、'.join(fields)}" if fields else text

    return say


def handed_over(event):
    """Who looked after the partnership and who does from now on; where either is nobody only the other is named."""
    data = defaultdict(str, event.data)
    if data["from"] == data["to"] and event.audience == Audience.SCHOOL:
        sentence = _("Another department leads from now on. %(note)s")
    elif not data["to"]:
        sentence = _("%(from)s no longer looks after it, nobody does yet. %(note)s")
    elif not data["from"]:
        sentence = _("Now looked after by %(to)s. %(note)s")
    else:
        sentence = _("Now looked after by %(to)s, before by %(from)s. %(note)s")
    return sentence % data


def now_looked_after(event):
    """The same for the enterprise, which has somebody to turn to and is spared the rest."""
    return _("%(to)s of the school looks after you from now on.") % defaultdict(str, event.data)


def left(sentence):
    """Somebody left, and who takes over where that is known."""

    def say(event):
        data = defaultdict(str, event.data)
        follows = _("%(successor)s takes over.") % data if data["successor"] else ""
        return f"{str(sentence) % data} {follows}".strip()

    return say


def link_handed_out(event):
    """To whom, where somebody was named."""
    data = defaultdict(str, event.data)
    return _("Link handed out to %(addressee)s.") % data if data["addressee"] else _("Link handed out.")


def label_of(event, name):
    model = ContentType.objects.get_for_id(event.subject_type_id).model_class() if event.subject_type_id else None
    try:
        return model._meta.get_field(name).verbose_name
    except (FieldDoesNotExist, AttributeError):  # a field that existed when the event was written
        return name


def day_of(event):
    return date_format(date.fromisoformat(event.data["day"]), "DATE_FORMAT")


def fields_of(event):
    """The corrected fields by the names a person knows; the day goes without its precision."""
    names = [name for name in event.data["before"] if name not in WITH_ANOTHER]
    return listed(str(label_of(event, name)) for name in names)


def cadence_of(event):
    """The days that were set, as they read; empty where the tier decides again."""
    return event.data["changes"].get("cadence_days", ["", ""])[1]


def closed_days(event):
    days = {name: date_format(date.fromisoformat(event.data[name]), "DATE_FORMAT") for name in ("first", "last")}
    return days | {"note": event.data.get("note", "")}


def files_and_text(event):
    count = event.data.get("files", 0)
    text = event.data.get("text", "")
    if not text and count:
        return ngettext("%(count)s file", "%(count)s files", count) % {"count": count}
    return text


def on_day(sentence):
    """A sentence that names a seminar's title, day and hour."""

    def say(event):
        data = defaultdict(str, event.data)
        data["when"] = f"{day_of(event)} {data.get('time', '')}".strip()
        return str(sentence) % data

    return say


def about(sentence):
    """A sentence on an agreement: its title or “amendment n of …”, the fields or the field it is about, and a day."""

    def say(event):
        data = defaultdict(str, event.data)
        data["what"] = _("amendment %(nth)s to “%(name)s”") % data if data["nth"] else f"“{data['name']}”"
        data["fields"] = listed(str(label_of(event, name)) for name in event.data.get("changes", {}))
        data["field"] = str(label_of(event, data["field"]))
        data["when"] = day_of(event) if data["day"] else ""
        return str(sentence) % data

    return say


#: Former values that are told with another one: the day with its precision, a number with the words of a list.
WITH_ANOTHER = {"precision", "jobs_said", "internships_said"}

#: The kinds of this app; those of promises stand in promise_timeline.py. All are named in settings.TIMELINE_SENTENCES.
SENTENCES = {
    "touchpoint.logged": lambda event: str(Kind(event.data["kind"]).label) if "kind" in event.data else _("Contact"),
    "touchpoint.changed": lambda event: (
        _("The record of the contact of %(day)s was completed.") % {"day": day_of(event)}
        if event.data.get("day")
        else _("The record of a contact was completed.")
    ),
    "touchpoint.corrected": lambda event: (
        _("The contact of %(day)s was corrected: %(fields)s.") % {"day": day_of(event), "fields": fields_of(event)}
        if event.data.get("day") and event.data.get("before")
        else _("A contact was corrected.")
    ),
    "touchpoint.note_changed": words(gettext_lazy("What only the school reads of a contact was changed.")),
    "touchpoint.withdrawn": TwoSided(
        lambda event: _("The contact of %(day)s was taken back.") % {"day": day_of(event)},
        lambda event: _("Corrected: the school took back its entry of %(day)s.") % {"day": day_of(event)},
    ),
    "trip.logged": words(gettext_lazy("A trip was logged.")),
    "trip.changed": changed(gettext_lazy("The record of the trip was changed.")),
    "file.given": words(gettext_lazy("The school shares a file: %(name)s")),
    "proxy.entered": words(gettext_lazy("Entered on behalf of the enterprise, as said by %(said_by)s.")),
    "proxy.confirmed": TwoSided(
        words(gettext_lazy("The enterprise checked the entry: it is right.")),
        words(gettext_lazy("You checked the entry: it is right.")),
    ),
    "proxy.corrected": words(gettext_lazy("Corrected what was entered: %(correction)s")),
    "message.written": files_and_text,
    "enterprise.created": words(gettext_lazy("Recorded as an enterprise.")),
    "enterprise.listed": words(gettext_lazy("Recorded from the list %(name)s.")),
    "enterprise.list_changed": words(gettext_lazy("Brought up to date from the list %(name)s.")),
    "enterprise.changed": changed(gettext_lazy("Details changed:")),
    "enterprise.handed_over": TwoSided(handed_over, now_looked_after),
    "enterprise.assess": moved(),
    "enterprise.activate": moved(gettext_lazy("The partnership begins.")),
    "enterprise.pause": moved(gettext_lazy("The partnership pauses.")),
    "enterprise.resume": moved(gettext_lazy("The partnership goes on.")),
    "enterprise.suspend": moved(gettext_lazy("The partnership pauses.")),
    "enterprise.lift": moved(gettext_lazy("The partnership goes on.")),
    "enterprise.end": moved(gettext_lazy("The partnership has ended.")),
    "enterprise.reopen": moved(gettext_lazy("The partnership is taken up again.")),
    "enterprise.cadence_set": lambda event: (
        _("Own cadence: a contact every %(days)s days.") % {"days": cadence_of(event)}
        if cadence_of(event)
        else _("The cadence is that of the tier again.")
    ),
    "enterprise.messages_switched": lambda event: _("Whether messages leave by themselves was switched."),
    "shutdown.added": lambda event: _("Closed from %(first)s to %(last)s. %(note)s") % closed_days(event),
    "shutdown.removed": lambda event: _("No longer closed from %(first)s to %(last)s.") % closed_days(event),
    "enterprise.merged": words(gettext_lazy("Merged with %(name)s. %(note)s")),
    "enterprise.registered": words(gettext_lazy("Registered through the public form.")),
    "contact.added": words(gettext_lazy("New contact: %(name)s")),
    "contact.changed": changed(gettext_lazy("Contact %(name)s changed:")),
    "contact.left": TwoSided(
        left(gettext_lazy("%(name)s no longer works there.")), left(gettext_lazy("%(name)s no longer works with us."))
    ),
    "contact.returned": words(gettext_lazy("%(name)s is back.")),
    "site.added": words(gettext_lazy("New site: %(name)s")),
    "site.changed": changed(gettext_lazy("Site %(name)s changed:")),
    "site.closed": words(gettext_lazy("Site closed: %(name)s")),
    "site.reopened": words(gettext_lazy("Site open again: %(name)s")),
    "assessment.written": words(gettext_lazy("On-site assessment written.")),
    "link.handed_out": link_handed_out,
    "link.withdrawn": words(gettext_lazy("Link withdrawn.")),
    "link.renewal_asked": words(gettext_lazy("Asked for a new link. %(phone)s")),
    "import.uploaded": words(gettext_lazy("List uploaded: %(name)s")),
    "import.applied": words(gettext_lazy("List applied: %(name)s")),
    "seminar.planned": on_day(gettext_lazy("Event planned: %(name)s, %(when)s")),
    "seminar.invited": TwoSided(
        on_day(gettext_lazy("Invited to “%(name)s” on %(when)s.")),
        on_day(gettext_lazy("The school invites you to “%(name)s” on %(when)s.")),
    ),
    "seminar.changed": on_day(gettext_lazy("“%(name)s” has changed: it is on %(when)s.")),
    "seminar.cancelled": on_day(gettext_lazy("“%(name)s” on %(when)s does not take place. %(reason)s")),
    "seminar.hold": words(gettext_lazy("It was held.")),
    "seminar.close": words(gettext_lazy("It is closed.")),
    "seminar.handed_over": words(gettext_lazy("Organised by %(to)s from now on, before by %(from)s.")),
    "seminar.cancel": words(gettext_lazy("It was cancelled. %(note)s")),
    "seminar.minuted": words(gettext_lazy("The minutes of “%(name)s” are written.")),
    "seminar.feedback": TwoSided(
        words(gettext_lazy("Said how “%(name)s” was.")), words(gettext_lazy("You said how “%(name)s” was."))
    ),
    "seminar.item_added": on_day(gettext_lazy("Agreed: %(name)s, until %(when)s.")),
    "seminar.item_done": words(gettext_lazy("Done, as agreed: %(name)s")),
    "preset.made": words(gettext_lazy("Preset made: %(name)s")),
    "preset.changed": words(gettext_lazy("Preset changed: %(name)s")),
    "agreement.drafted": about(gettext_lazy("Drafted: %(what)s.")),
    "agreement.changed": about(gettext_lazy("%(what)s changed: %(fields)s")),
    "agreement.filed": about(gettext_lazy("Filing of %(what)s changed: %(fields)s")),
    "agreement.deleted": about(gettext_lazy("The draft of %(what)s was deleted.")),
    "agreement.submit": TwoSided(
        about(gettext_lazy("%(what)s was given to the enterprise to read.")),
        about(gettext_lazy("The school gives you %(what)s to read.")),
    ),
    "agreement.take_back": TwoSided(
        about(gettext_lazy("%(what)s was taken back. %(note)s")), about(gettext_lazy("The school revises %(what)s."))
    ),
    "agreement.approve": TwoSided(
        about(gettext_lazy("%(what)s was approved and goes out for signature.")),
        about(gettext_lazy("%(what)s is ready to be signed.")),
    ),
    "agreement.enter": about(gettext_lazy("%(what)s is in force.")),
    "agreement.expire": about(gettext_lazy("%(what)s has ended.")),
    "agreement.renew": about(gettext_lazy("%(what)s goes on in a new agreement.")),
    "agreement.renewed_itself": about(gettext_lazy("%(what)s renewed itself until %(when)s.")),
    "agreement.notice_given": about(gettext_lazy("%(what)s ends on %(when)s. %(reason)s")),
    "agreement.terminate": about(gettext_lazy("%(what)s ended early on %(when)s. %(reason)s")),
    "agreement.commented": about(gettext_lazy("Comment on “%(field)s” of %(what)s: %(text)s")),
    "agreement.comment_settled": about(gettext_lazy("Settled: “%(field)s” of %(what)s: %(text)s")),
    "agreement.agreed": about(gettext_lazy("Agreed to the text of %(what)s.")),
    "seat.invited": words(gettext_lazy("%(name)s was invited to the portal.")),
    "seat.taken": words(gettext_lazy("%(name)s joined the portal.")),
    "seat.keeper_changed": words(gettext_lazy("%(name)s now keeps the company's access.")),
}


def sentence(event, *, for_enterprise=False):
    """What happened, in the reader's language. A kind nobody knows reads neutrally and never breaks the page."""
    say = None
    for dotted_name in settings.TIMELINE_SENTENCES:
        say = import_string(dotted_name).get(event.kind, say)
    if say is None:
        return _("An entry was made.")
    if for_enterprise and isinstance(say, TwoSided):
        say = say.enterprise
    try:
        return str(say(event)).strip()
    except (LookupError, TypeError, ValueError, AttributeError):
        log.exception("The words for event %s (%s) fail.", event.pk, event.kind)
        return _("An entry was made.")


def known(happened_at, precision):
    """A moment as exactly as it is known: to the minute, the day, the month, the term or the year."""
    if precision == Precision.MOMENT:
        return moment(happened_at)
    day = timezone.localdate(happened_at)
    if precision == Precision.MONTH:
        return date_format(day, "YEAR_MONTH_FORMAT")
    if precision == Precision.TERM:
        return str(term_of(day))
    if precision == Precision.YEAR:
        return _("year %(year)s") % {"year": day.year}
    return moment(day)


# --- entries -------------------------------------------------------------------------------------------------------


@dataclass
class Entry:
    """One event as a reader sees it; what the reader may not see is not in it."""

    event: Event
    side: str
    who: str
    what: str
    text: str
    when: str
    month: str = ""
    touchpoint: Touchpoint | None = None
    proxy: ProxyEntry | None = None
    private_note: str = ""
    logged_by: str = ""
    is_unanswered: bool = False
    waits_for_check: bool = False
    url: str = ""
    correct_url: str = ""
    #: What it said before, newest first: [{when, who, rows: [(label, former value)]}].
    corrections: list = field(default_factory=list)
    #: Why it does not count any more, as the reader may know it.
    withdrawn: str = ""
    files: list = field(default_factory=list)

    @property
    def heading(self):
        return " · ".join(filter(None, (self.who, self.what)))

    @property
    def side_label(self):
        return {Side.SCHOOL: _("School"), Side.ENTERPRISE: _("Enterprise")}.get(self.side) or _("Both sides")

    @property
    def day(self):
        return timezone.localdate(self.event.happened_at).isoformat()

    @property
    def facts(self):
        """(label, words) of what an exchange brought."""
        if not self.touchpoint:
            return []
        found = (
            (_("Agreed"), self.touchpoint.agreed),
            (_("Wishes"), self.touchpoint.wishes),
            (_("New jobs"), self.touchpoint.jobs_shown),
            (_("New internship places"), self.touchpoint.internships_shown),
        )
        return [(label, words) for label, words in found if words]

    @property
    def pictures(self):
        return [file for file in self.files if file.is_picture]

    @property
    def papers(self):
        return [file for file in self.files if not file.is_picture]


@dataclass
class Timeline:
    """One page of entries, newest first, and the addresses that lead on."""

    entries: list
    enterprise: object
    for_enterprise: bool
    show: str
    url: str
    shows: list
    older: str
    is_first: bool


def timeline_page(enterprise, user, parameters, *, url=None, size=SIZE):
    """Return the Timeline of `enterprise` that `parameters` (show, after, month) ask for, in the words of user's side.

    The caller has found `enterprise` through visible_to(user). HR staff read what is meant for both sides, the
    school everything. `url` is the page the links lead to (default: the school's timeline page). Costs one query for
    the events and at most five for each kind of row behind them, however many there are.
    """
    for_enterprise = not user.is_school
    url = url or reverse("partnerships:timeline", args=[enterprise.pk])
    show = parameters.get("show") if parameters.get("show") in SHOWS else "all"
    events = Event.objects.in_stream(enterprise.pk).filter(SHOWS[show][1]).select_related("by")
    if for_enterprise:
        events = events.shared()
    place = QueryDict(mutable=True)
    place.update({"show": show} | ({"after": parameters["after"]} if parameters.get("after") else {}))
    page = keyset.page(events, {"happened": "happened_at"}, place, default="-happened", size=size)
    entries = entries_of(page.rows, enterprise, for_enterprise=for_enterprise)
    for entry in entries if for_enterprise else ():
        entry.correct_url = _correct_url(entry.touchpoint) if entry.touchpoint else ""
    month = mark_months(entries, parameters.get("month", ""))
    older = f"{url}{page.next}&{urlencode({'month': month})}" if page.next else ""
    shows = [(key, label, f"{url}?{urlencode({'show': key})}") for key, (label, __) in SHOWS.items()]
    return Timeline(entries, enterprise, for_enterprise, show, url, shows, older, is_first="after" not in place)


def mark_months(entries, month):
    """Give the first entry of each month its heading, counting on from `month`; return the last one."""
    for entry in entries:
        day = timezone.localdate(entry.event.happened_at)
        if f"{day:%Y-%m}" != month:
            month, entry.month = f"{day:%Y-%m}", date_format(day, "YEAR_MONTH_FORMAT")
    return month


def entries_of(events, enterprise, *, for_enterprise):
    """The events as entries. An exchange whose day was corrected stands only at the day it has now."""
    subjects, files = subjects_of(events)
    corrections = corrections_of([row for row in subjects.values() if isinstance(row, Touchpoint)])
    entries, shown = [], set()
    for event in events:
        key = event.subject_type_id, event.subject_id
        subject = subjects.get(key)
        if event.kind == "touchpoint.logged" and isinstance(subject, Touchpoint):
            if subject.happened_at == event.happened_at and subject.pk not in shown:
                shown.add(subject.pk)
                entry = touchpoint_entry(event, subject, files.get(key, []), enterprise, for_enterprise)
                entry.corrections = [] if entry.withdrawn and for_enterprise else corrections[subject.pk]
                entries.append(entry)
        elif event.kind == "message.written" and isinstance(subject, Message):
            entries.append(message_entry(event, subject, files.get(key, [])))
        else:
            text = sentence(event, for_enterprise=for_enterprise)
            url = page_behind(event, enterprise, for_enterprise)
            entries.append(Entry(event, event.side, event.who, "", text, moment(event.happened_at), url=url))
    return entries


def page_behind(event, enterprise, for_enterprise):
    """Where more stands: of an event with enterprises its page, with the minutes and what was agreed; else empty."""
    if event.subject_type_id != ContentType.objects.get_for_model(Seminar).pk:
        return ""
    if for_enterprise:
        return reverse("partnerships:portal_seminar", args=[enterprise.pk, event.subject_id])
    return reverse("partnerships:seminar_detail", args=[event.subject_id])


def subjects_of(events):
    """The touchpoints and messages behind the events, and their files, by (type, id): a query for each kind of row.

    Few rows were entered on behalf: their entries are fetched only where one was, not joined to every row.
    """
    wanted = defaultdict(set)
    for event in events:
        if event.subject_id:
            wanted[event.subject_type_id].add(event.subject_id)
    found, files = {}, defaultdict(list)
    for queryset in (Touchpoint.objects.select_related("logged_by"), Message.objects.select_related("author")):
        type_id = ContentType.objects.get_for_model(queryset.model).pk
        if keys := wanted.get(type_id):
            rows = list(queryset.filter(pk__in=keys))
            behalf = [row for row in rows if row.proxy_id]
            prefetch_related_objects(behalf, "proxy__entered_by", "proxy__checked_by")
            if queryset.model is Touchpoint:
                prefetch_related_objects([row for row in rows if row.is_withdrawn], "withdrawn_by")
            found |= {(type_id, row.pk): row for row in rows}
            for file in File.objects.filter(subject_type=type_id, subject_id__in=keys):
                files[type_id, file.subject_id].append(file)
    return found, files


def touchpoint_entry(event, touchpoint, files, enterprise, for_enterprise):
    proxy = touchpoint.proxy
    logged_by = touchpoint.logged_name or (str(touchpoint.logged_by) if touchpoint.logged_by else "")
    from_there = touchpoint.side == Side.ENTERPRISE
    by_school = touchpoint.logged_by is not None and touchpoint.logged_by.is_school
    who = logged_by
    if from_there and by_school:
        who = proxy.said_by if proxy else touchpoint.people or enterprise.title
    when = known(touchpoint.happened_at, touchpoint.precision)
    if touchpoint.is_withdrawn and for_enterprise:  # it may have been about somebody else
        day = date_format(timezone.localdate(touchpoint.withdrawn_at), "DATE_FORMAT")
        text = _("The school took this entry back on %(day)s.") % {"day": day}
        return Entry(event, touchpoint.side, "", touchpoint.get_kind_display(), "", when, withdrawn=text)
    return Entry(
        event,
        touchpoint.side,
        who,
        touchpoint.get_kind_display(),
        touchpoint.summary,
        when,
        touchpoint=touchpoint,
        proxy=proxy,
        private_note="" if for_enterprise else touchpoint.private_note,
        logged_by=logged_by if who != logged_by and not proxy else "",
        is_unanswered=not touchpoint.is_two_way and not for_enterprise,
        waits_for_check=bool(proxy) and proxy.checked_at is None,
        url="" if for_enterprise else reverse("partnerships:touchpoint_detail", args=[touchpoint.pk]),
        withdrawn=_why_withdrawn(touchpoint) if touchpoint.is_withdrawn else "",
        files=files,
    )


def _correct_url(touchpoint):
    """Where the enterprise corrects its own words; those an officer entered for it are checked on its tasks' page."""
    if not is_theirs(touchpoint):
        return ""
    return reverse("partnerships:portal_touchpoint_correct", args=[touchpoint.enterprise_id, touchpoint.pk])


def _why_withdrawn(touchpoint):
    said = {
        "name": touchpoint.withdrawn_by,
        "day": date_format(timezone.localdate(touchpoint.withdrawn_at), "DATE_FORMAT"),
        "why": touchpoint.withdrawn_because,
    }
    return _("%(name)s took it back on %(day)s: %(why)s") % said


def corrections_of(touchpoints):
    """{touchpoint: its corrections as both sides read them}, newest first; one query, and none where nothing was."""
    found = defaultdict(list)
    keys = [row.pk for row in touchpoints if row.version]
    if keys:
        events = Event.objects.filter(
            subject_type=ContentType.objects.get_for_model(Touchpoint), subject_id__in=keys, kind="touchpoint.corrected"
        )
        for event in events.select_related("by").order_by("-happened_at", "-pk"):
            rows = values_shown(event.data["before"])
            day = date_format(timezone.localdate(event.happened_at), "DATE_FORMAT")
            found[event.subject_id].append({"when": day, "who": event.who, "rows": rows})
    return found


def values_shown(values):
    """[(label, text)] of values of a touchpoint by field, as a person reads them: former ones, or those just typed."""
    rows = []
    for name, value in values.items():
        own = Touchpoint._meta.get_field(name)
        if name == "happened_at":
            moment_then = datetime.fromisoformat(value) if isinstance(value, str) else value
            rows.append((own.verbose_name, known(moment_then, values.get("precision", Precision.DAY))))
        elif name.endswith("_offered"):
            rows.append((own.verbose_name, values.get(SAID[name]) or value))
        elif isinstance(value, bool):
            rows.append((own.verbose_name, _("yes") if value else _("no")))
        elif name not in WITH_ANOTHER or (name in SAID.values() and name.replace("_said", "_offered") not in values):
            rows.append((own.verbose_name, dict(own.flatchoices).get(value, value)))
    return rows


def message_entry(event, message, files):
    proxy = message.proxy
    return Entry(
        event,
        message.side,
        message.who,
        _("message"),
        message.body,
        moment(message.written_at),
        proxy=proxy,
        waits_for_check=bool(proxy) and proxy.checked_at is None,
        files=files,
    )


def touchpoint_alone(touchpoint, *, for_enterprise):
    """The entry of one touchpoint, for its own page."""
    event = Event.objects.of(touchpoint).filter(kind="touchpoint.logged").select_related("by").first()
    event = event or Event(kind="touchpoint.logged", side=touchpoint.side, happened_at=touchpoint.happened_at)
    files = list(touchpoint.files.all())
    entry = touchpoint_entry(event, touchpoint, files, touchpoint.enterprise, for_enterprise)
    entry.corrections = corrections_of([touchpoint])[touchpoint.pk]
    return entry
