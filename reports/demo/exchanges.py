"""What happened between the two sides in two years: trips, visits, calls, letters, answers."""

from datetime import timedelta
from itertools import groupby

from django.utils import timezone

from partnerships.models.touchpoint import EvidenceTag, Kind, Precision, ProxyEntry
from partnerships.services.links import hand_out_link, withdraw_link
from partnerships.services.proxies import confirm_proxy_entry, correct_proxy_entry, enter_touchpoint_on_behalf
from partnerships.services.thread import write_message
from partnerships.services.touchpoints import log_touchpoint
from partnerships.services.trips import log_trip
from records import links
from reports.demo import cast, phrases
from reports.demo.pictures import shop_floor

#: Rhythm -> days between two exchanges (from, to), and how many days ago the last one was (from, to).
RHYTHMS = {
    "lively": ((24, 42), (2, 14)),
    "steady": ((44, 76), (8, 55)),
    "sparse": ((90, 150), (30, 110)),
    "silent": ((80, 140), (200, 420)),
    "new": ((8, 14), (3, 6)),
    "ended": ((80, 120), (330, 340)),
    "paused": ((60, 90), (80, 95)),
    "suspended": ((50, 80), (30, 34)),
    "flagged": ((90, 140), (95, 120)),
    "cancelled": ((90, 140), (260, 300)),
    "assessed": ((10, 14), (4, 9)),
    "host": ((150, 260), (40, 160)),
    "prospect": ((14, 25), (5, 12)),
}
#: Partner -> how many days ago the last exchange was, where the story of the reminders needs it; None: never yet.
LAST = {
    "桐屹电气": 66, "闵恒自动化": 73, "苕川电梯": 79, "南泓自动化": 110, "海屿泵业": 104, "婺能电机": 97,
    "甬铸模具": 56, "澄工模塑": 24, "砺锋钱塘": 69, "临澜数控": 71, "骋嘉汽车": 100, "百衡会计": 96, "惠邻里物业": 98,
    "青芒互动": 101, "乘帆电商": 63, "宇衡传感": None,
}  # fmt: skip
#: With these nobody works yet.
UNKNOWN = ("new", "assessed", "prospect")
KINDS = (
    (Kind.VISIT,) * 7 + (Kind.CALL,) * 5 + (Kind.WECHAT,) * 4 + (Kind.RECEIVED, Kind.RECEIVED, Kind.MEETING, Kind.EMAIL)
)
PICTURES = 8


def tell_two_years(stage):
    """Log every exchange, each by the owner of the partner, and the trips that held several of them."""
    visits = []
    for partner in stage.partners.values():
        fixed = LAST.get(partner.firm.short, 0)
        if not partner.contacts or fixed is None:
            continue
        for number, day in enumerate(_days(stage, partner)):
            if fixed and not number:  # a call: no trip moves it to another day
                _exchange(stage, partner, Kind.CALL, day, answered=True)
                continue
            kind = stage.random.choice(tuple(phrases.INTRODUCTIONS) if partner.firm.rhythm in UNKNOWN else KINDS)
            if kind == Kind.VISIT:
                visits.append((partner, day))
            else:
                _exchange(stage, partner, kind, day)
    _trips(stage, visits)
    _from_their_side(stage)


def _days(stage, partner):
    """The working days on which something happened, newest first."""
    (least, most), last = RHYTHMS[partner.firm.rhythm]
    ago = LAST.get(partner.firm.short) or stage.random.randint(*last)
    known = (stage.today - timezone.localdate(partner.enterprise.created_at)).days - 3
    while ago < known:
        yield stage.working_day(ago)
        ago += stage.random.randint(least, most)


def _exchange(stage, partner, kind, day, answered=False):
    moment = stage.moment(day)
    words = stage.words(partner, moment)
    one_way = not answered and kind in phrases.UNANSWERED and stage.random.random() < 0.15
    said = phrases.UNANSWERED[kind] if one_way else _said(partner, kind)
    log_touchpoint(
        enterprise=partner.enterprise, by=partner.owner, kind=kind, happened_at=moment, is_two_way=not one_way,
        precision=Precision.MOMENT, summary=stage.say(said, words), now=min(moment + timedelta(minutes=40), stage.now),
        side="enterprise" if kind == Kind.RECEIVED else "school",
        contacts=partner.contacts[:1], **({} if one_way else _details(stage, words, kind)),
    )  # fmt: skip


def _said(partner, kind):
    return (phrases.INTRODUCTIONS if partner.firm.rhythm in UNKNOWN else phrases.SAID)[kind]


def _details(stage, words, kind):
    random, face_to_face = stage.random, kind in (Kind.VISIT, Kind.RECEIVED, Kind.MEETING)
    return {
        "agreed": stage.say(phrases.AGREED, words, 0.35 if face_to_face else 0.1),
        "wishes": stage.say(phrases.WISHES, words, 0.3 if face_to_face else 0.05),
        "private_note": stage.say(phrases.PRIVATE, words, 0.15),
        "people": stage.say(phrases.PEOPLE, words) if face_to_face else "",
        "internships_offered": random.choice((None, None, words["n"])) if face_to_face else None,
        "jobs_offered": random.choice((None, None, None, words["m"])) if face_to_face else None,
    }


# --- trips -------------------------------------------------------------------------------------------------------


def _trips(stage, visits):
    """Visits of one officer in town, or out of town, within three weeks become one tour; the latest carry a picture."""

    def way(visit):
        partner, _day = visit
        return partner.owner.pk, partner.enterprise.region_id == "330100", partner.firm.rhythm in UNKNOWN

    visits.sort(key=lambda visit: (way(visit), visit[1], visit[0].enterprise.pk))
    tours = []
    for _way, stops in groupby(visits, key=way):
        tour = []
        for partner, day in stops:
            if tour and ((day - tour[0][1]).days > 18 or len(tour) == 4 or partner in [stop[0] for stop in tour]):
                tours.append(tour)
                tour = []
            tour.append((partner, day))
        tours.append(tour)
    tours.sort(key=lambda tour: (tour[-1][1], tour[0][0].enterprise.pk), reverse=True)
    for number, tour in enumerate(tours):
        _trip(stage, tour, picture=number < PICTURES)


def _trip(stage, tour, picture):
    random, by, day = stage.random, tour[0][0].owner, tour[-1][1]
    partners = [partner for partner, _day in tour]
    now = stage.moment(day, 17)
    words = stage.words(partners[0], now)
    details = {}
    for partner in partners:
        own = stage.words(partner, now)
        summary = stage.say(_said(partner, Kind.VISIT), own)
        details[partner.enterprise.pk] = {"summary": summary} | _details(stage, own, Kind.VISIT)
    colleagues = random.sample(
        [stage.staff[key] for key in ("song", "jiang", "han", "ding", "he")], random.choice((1, 1, 2))
    )
    log_trip(
        by=by, enterprises=[partner.enterprise for partner in partners], starts_on=day, kind=Kind.VISIT, now=now,
        summary=stage.say(phrases.FIRST_TRIPS if partners[0].firm.rhythm in UNKNOWN else phrases.TRIPS, words), details=details, colleagues=colleagues,
        leader=random.choice(cast.LEADERS) if len(partners) > 1 else "", others=random.choice(("", "", "专业带头人两名")),
        tags=random.sample(EvidenceTag.values, random.choice((0, 1, 1, 2))),
        files=[shop_floor(random, f"走访{day:%m%d}.jpg")] if picture else (),
    )  # fmt: skip


# --- the enterprises' own side -----------------------------------------------------------------------------------


def _from_their_side(stage):
    """Exchanges that HR staff logged themselves, and entries that an officer made on their behalf."""
    for partner in stage.partners.values():
        for member in list(partner.members.values())[:1]:
            for ago in sorted(stage.random.sample(range(20, 380), 2)):
                moment = stage.at(ago)
                log_touchpoint(
                    enterprise=partner.enterprise, by=member, kind=Kind.CALL, happened_at=moment, now=moment,
                    precision=Precision.MOMENT, summary=stage.say(phrases.FROM_THERE, stage.words(partner, moment)),
                )  # fmt: skip
    _on_behalf(stage)


def _on_behalf(stage):
    source = ProxyEntry.Source
    first, hotel = stage.partners["砺锋精密"], stage.partners["悦栖酒店"]
    zhao = first.members["赵敏"]
    entry = _enter(stage, first, source.PHONE, "赵敏", 26, "电话里说：下学期数控车工要八名，宿舍够住。")
    correct_proxy_entry(
        entry.proxy, by=zhao, text="是六名，八名是两个车间合计，另一个车间明年再说。", now=stage.at(25, 10)
    )
    entry = _enter(stage, first, source.ON_SITE, "钱立新", 61, "现场说：两名学生可以提前转到装配线。")
    confirm_proxy_entry(entry.proxy, by=zhao, now=stage.at(60, 9))
    _enter(stage, first, source.WECHAT, "钱立新", 2, "微信语音：下周二停电检修，实习生放假一天。")
    entry = _enter(stage, hotel, source.PAPER, "尹欣怡", 90, "书面回函：暑期接收前厅、客房实习生十二名。")
    confirm_proxy_entry(entry.proxy, by=hotel.members["尹欣怡"], now=stage.at(88, 15))
    _enter(
        stage, stage.partners["禾阀流体"], source.PHONE, "前台王女士", 12, "转告：人事经理休产假，十月后再定实习人数。"
    )


def _enter(stage, partner, source, said_by, ago, summary):
    said_at = stage.at(ago, 10)
    return enter_touchpoint_on_behalf(
        enterprise=partner.enterprise, by=partner.owner, source=source, said_by=said_by, said_at=said_at,
        summary=summary, now=min(said_at + timedelta(hours=2), stage.now),
    )  # fmt: skip


# --- messages ----------------------------------------------------------------------------------------------------


def exchange_letters(stage):
    """Threads: answered in the portal, through a link, or on behalf; questions of both sides that still wait."""
    for partner in stage.partners.values():
        if not partner.members:
            continue
        member = next(iter(partner.members.values()))
        for ago, (question, answer) in zip((330, 200, 95, 33), stage.random.sample(phrases.THREADS, 4), strict=True):
            moment = stage.at(ago - stage.random.randint(0, 15))
            words = stage.words(partner, moment)
            write_message(partner.enterprise, body=question.format(**words), by=partner.owner, now=moment)
            later = min(moment + timedelta(hours=stage.random.randint(1, 30)), stage.now)
            write_message(partner.enterprise, body=answer.format(**words), by=member, now=later)
    _waiting(stage)
    _through_links(stage)
    _letter_on_behalf(stage)


def _waiting(stage):
    """New today and from the days before: what Today and the portal show first."""
    first = stage.partners["砺锋精密"]
    zhao = first.members["赵敏"]
    write_message(first.enterprise, body="想问一下下学期实习生什么时候能到？我们好排班，也要提前腾宿舍。", by=zhao,
                  now=stage.now - timedelta(minutes=25))  # fmt: skip
    for short, ago, choices in (("云屿软件", 3, phrases.QUESTIONS), ("驰岳汽配", 9, phrases.QUESTIONS),
                                ("启桁安全", 5, phrases.QUESTIONS)):  # fmt: skip
        partner = stage.partners[short]
        moment = stage.at(ago)
        body = stage.say(choices, stage.words(partner, moment))
        write_message(partner.enterprise, body=body, by=next(iter(partner.members.values())), now=moment)
    for short, ago in (("砺锋智装", 2), ("骏翎汽车", 4), ("颐和年养老", 6)):
        partner = stage.partners[short]
        moment = stage.at(ago)
        body = stage.say(phrases.ASKED, stage.words(partner, moment))
        write_message(partner.enterprise, body=body, by=partner.owner, now=moment)


def _through_links(stage):
    """A foreman answers a forwarded link; others are open, opened, ended, withdrawn, or asked for again."""
    partner = stage.partners["宏轸轴承"]
    ask, read = stage.at(18, 9), stage.at(17, 12)
    question = write_message(
        partner.enterprise, body="装配线这批实习生，哪几位适合留用？班组长直接回就行。", by=partner.owner, now=ask
    )
    link = hand_out_link(partner.enterprise, by=partner.owner, contact=partner.contact, message=question, now=ask)
    write_message(
        partner.enterprise,
        body="小陈、小邵手脚快，肯学，建议留。小吴想回台州。",
        via=link,
        author_name="钱师傅",
        now=read,
    )
    for short, ago, after in (("甬铸模具", 6, None), ("澄工模塑", 4, "open"), ("桐屹电气", 3, None), ("安跃汽服", 8, "open"),
                              ("远舸货代", 15, "withdraw"), ("湖里安酒店", 2, None)):  # fmt: skip
        partner = stage.partners[short]
        asked = stage.at(ago, 9)
        body = stage.say(phrases.ASKED, stage.words(partner, asked))
        question = write_message(partner.enterprise, body=body, by=partner.owner, now=asked)
        link = hand_out_link(partner.enterprise, by=partner.owner, contact=partner.contact, message=question, now=asked)
        if after == "open":
            links.mark_opened(link, now=stage.at(ago - 1, 12))
        elif after == "withdraw":
            withdraw_link(link, by=partner.owner, now=stage.at(ago - 2))
    for short, ago in (("临澜数控", 45), ("澜图数据", 50)):
        partner = stage.partners[short]
        link = hand_out_link(partner.enterprise, by=partner.owner, contact=partner.contact, now=stage.at(ago))
        links.mark_opened(link, now=stage.at(ago - 2))
        if short == "临澜数控":
            contact = partner.contact
            links.ask_new_one(link, name=contact.name, phone=contact.phones[0], now=stage.at(1, 11))


def _letter_on_behalf(stage):
    partner = stage.partners["越坚齿轮"]
    asked, said = stage.at(11, 9), stage.at(10, 14)
    write_message(
        partner.enterprise, body="明年春季的现代学徒制班，企业师傅名单能定了吗？", by=partner.owner, now=asked
    )
    on_behalf = {"source": ProxyEntry.Source.WECHAT, "said_by": partner.contact.name, "said_at": said}
    write_message(partner.enterprise, body="名单定了五位，下周盖章发来。", by=partner.owner, on_behalf=on_behalf,
                  now=said + timedelta(minutes=30))  # fmt: skip
