"""Rows for tests: small, valid, and only as told."""

from datetime import UTC, datetime, timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import Department, Role, User
from partnerships.models import (
    Agreement,
    Ask,
    Contact,
    Enterprise,
    Message,
    Need,
    Offer,
    ProxyEntry,
    Site,
    Touchpoint,
    Trip,
)
from partnerships.rules.agreements import term_end
from partnerships.services.enterprises import NAMES, naming
from records.models import File, Side, Signature

#: A password of the whole cast; hashed once.
PASSWORD = "correct horse battery staple"


class DepartmentFactory(DjangoModelFactory):
    class Meta:
        model = Department

    name = factory.Sequence(lambda n: f"机电学院{n}")


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Sequence(lambda n: f"林薇{n}")
    role = Role.OFFICER
    language = "en"
    password = factory.django.Password(PASSWORD)


class EnterpriseFactory(DjangoModelFactory):
    class Meta:
        model = Enterprise

    name = factory.Sequence(lambda n: f"恒力轴承{n:04d}有限公司")
    state = Enterprise.State.ACTIVE

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        """With the keys for sorting and searching that follow from the names."""
        names = {name: kwargs[name] for name in NAMES if name in kwargs}
        return super()._create(model_class, *args, **{**naming(**names), **kwargs})


class SiteFactory(DjangoModelFactory):
    class Meta:
        model = Site

    enterprise = factory.SubFactory(EnterpriseFactory)
    name = factory.Sequence(lambda n: f"一号厂房{n}")


class ContactFactory(DjangoModelFactory):
    class Meta:
        model = Contact

    enterprise = factory.SubFactory(EnterpriseFactory)
    name = factory.Sequence(lambda n: f"赵敏{n}")
    honorific = "赵经理"
    phones = factory.LazyFunction(lambda: ["13800000001"])


class MemberFactory(ContactFactory):
    """A contact with an account: the enterprise's own HR person."""

    user = factory.SubFactory(UserFactory, role=Role.HR)
    name = factory.LazyAttribute(lambda row: row.user.name)


class TripFactory(DjangoModelFactory):
    class Meta:
        model = Trip

    starts_on = factory.LazyFunction(lambda: timezone.localdate() - timedelta(days=3))
    ends_on = factory.SelfAttribute("starts_on")
    summary = "看了生产线，谈了冬季实习。"
    logged_by = factory.SubFactory(UserFactory)


class TouchpointFactory(DjangoModelFactory):
    class Meta:
        model = Touchpoint

    enterprise = factory.SubFactory(EnterpriseFactory)
    happened_at = datetime(2026, 3, 12, tzinfo=UTC)
    summary = "谈了冬季实习。"
    logged_by = factory.SubFactory(UserFactory)


class ProxyEntryFactory(DjangoModelFactory):
    class Meta:
        model = ProxyEntry

    enterprise = factory.SubFactory(EnterpriseFactory)
    source = ProxyEntry.Source.PHONE
    said_by = "钱波"
    said_at = datetime(2026, 3, 12, tzinfo=UTC)
    entered_by = factory.SubFactory(UserFactory)


class MessageFactory(DjangoModelFactory):
    class Meta:
        model = Message

    enterprise = factory.SubFactory(EnterpriseFactory)
    side = Side.SCHOOL
    body = "下周三方便来访吗？"
    author = factory.SubFactory(UserFactory)


class AgreementFactory(DjangoModelFactory):
    class Meta:
        model = Agreement
        skip_postgeneration_save = True

    enterprise = factory.SubFactory(EnterpriseFactory)
    title = "校企合作框架协议"
    aim = "共建实习基地"
    starts_on = factory.LazyFunction(lambda: timezone.localdate() - timedelta(days=30))
    ends_on = factory.LazyAttribute(lambda row: row.starts_on + timedelta(days=3 * 365))
    owner = factory.SubFactory(UserFactory)
    created_by = factory.SelfAttribute("owner")
    effective_from = factory.SelfAttribute("starts_on")
    effective_until = factory.LazyAttribute(lambda row: term_end(row.ends_on))


class FileFactory(DjangoModelFactory):
    """The row alone; tests that read the bytes store a file through records.files."""

    class Meta:
        model = File

    name = "走访.jpg"
    media_type = "image/jpeg"
    size = 10
    sha256 = "0" * 64
    uploaded_by = factory.SubFactory(UserFactory)


def signed_by_both(agreement):
    """What lets `agreement` enter into force: a signature of each side in the ledger. Returns the agreement."""
    for side in ("school", "enterprise"):
        Signature.objects.create(
            subject=agreement, stream=agreement.enterprise_id, side=side, capacity="representative", name=side,
            asked_by=agreement.owner, state="signed", way="screen", digest="a" * 64, closed_at=timezone.now(),
        )  # fmt: skip
    return agreement


class OfferFactory(DjangoModelFactory):
    class Meta:
        model = Offer

    department = factory.SubFactory(DepartmentFactory)
    kind = "students"
    title = factory.Sequence(lambda n: f"机电学生{n}")
    owner = factory.SubFactory(UserFactory)


class NeedFactory(DjangoModelFactory):
    """Of an enterprise; of a department with `enterprise=None`."""

    class Meta:
        model = Need

    enterprise = factory.SubFactory(EnterpriseFactory)
    kind = "interns"
    title = "数控实习生"
    number = 10
    from_on = factory.LazyFunction(timezone.localdate)
    until_on = factory.LazyAttribute(lambda row: row.from_on + timedelta(days=60))
    posted_by = factory.SubFactory(UserFactory)


class AskFactory(DjangoModelFactory):
    class Meta:
        model = Ask

    enterprise = factory.SubFactory(EnterpriseFactory)
    department = factory.SubFactory(DepartmentFactory)
    asked_by = factory.SubFactory(UserFactory)
    kind = "visit"
    text = "周三下午带老师来访"
    due_on = factory.LazyFunction(lambda: timezone.localdate() + timedelta(days=10))
