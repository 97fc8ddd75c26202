"""The partnership and everything that hangs on it."""

from partnerships.models.agreement import Agreement, AgreementComment, AgreementPreset
from partnerships.models.ask import Ask, AskBudget
from partnerships.models.assessment import Assessment, AssessmentFinding
from partnerships.models.bulk import BulkChange
from partnerships.models.contact import Contact
from partnerships.models.enterprise import Enterprise, Shutdown, Site, is_member
from partnerships.models.health import Health, HealthMonth
from partnerships.models.importing import Import, ImportRow
from partnerships.models.need import Match, Need, Offer
from partnerships.models.obligation import Clause, Obligation
from partnerships.models.papers import AgreementDocument, DocumentTemplate, PaperStep
from partnerships.models.registration import Registration
from partnerships.models.result import YearResult
from partnerships.models.scanning import AgreementScan, Scan, ScanPage
from partnerships.models.seminar import (
    ActionItem,
    CalendarFeed,
    Seminar,
    SeminarAttendee,
    SeminarFeedback,
    SeminarGuest,
    SeminarSeries,
)
from partnerships.models.succession import HandOver
from partnerships.models.thread import Message
from partnerships.models.touchpoint import ProxyEntry, Touchpoint, Trip

__all__ = [
    "ActionItem",
    "Agreement",
    "AgreementComment",
    "AgreementDocument",
    "AgreementPreset",
    "AgreementScan",
    "Ask",
    "AskBudget",
    "Assessment",
    "AssessmentFinding",
    "BulkChange",
    "CalendarFeed",
    "Clause",
    "Contact",
    "DocumentTemplate",
    "Enterprise",
    "HandOver",
    "Health",
    "HealthMonth",
    "Import",
    "ImportRow",
    "Match",
    "Message",
    "Need",
    "Obligation",
    "Offer",
    "PaperStep",
    "ProxyEntry",
    "Registration",
    "Scan",
    "ScanPage",
    "Seminar",
    "SeminarAttendee",
    "SeminarFeedback",
    "SeminarGuest",
    "SeminarSeries",
    "Shutdown",
    "Site",
    "Touchpoint",
    "Trip",
    "YearResult",
    "is_member",
]
