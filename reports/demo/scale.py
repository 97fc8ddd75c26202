"""Large tables for measuring: tens of thousands of enterprises, a million contacts with their events, skewed as life is.

Nothing here goes through services: bulk statements write the rows, with triggers and foreign-key checks switched off.
The keys for searching and sorting and the last contact are those that the services would have written.
"""

import random
from datetime import timedelta
from itertools import count

from django.db import connection, transaction
from django.utils import timezone
from stdnum.cn import uscc

from accounts.models import PARTNER_ROLES, Department, User
from partnerships.models import Contact, Enterprise
from partnerships.models.enterprise import NEVER
from partnerships.services.enterprises import naming
from policies.models import Industry, Region
from reports.demo.enterprises import mobile
from reports.demo.stage import SEED

BATCH = 1_000
#: The enterprise that everybody talks to: this many of the contacts, at most half of all.
BUSIEST = 20_000
FIRST = "恒宏瑞华金永盛兴达泰鑫诚德润康安嘉凯博远海天正新东方联创智科汇聚丰源星晨启航锐精卓越众合力拓森林云峰蓝禾"
SECOND = "力达通信诚源盛泰丰华隆昌和兴旺顺成业邦基鼎立轩宇辰逸翔腾飞跃龙腾骏驰格美佳欣怡康宁安润泽沃茂荣晟曜桥舟"
#: Trade in the name -> its division of GB/T 4754.
TRADES = {
    "机械": "C34", "精密机械": "C34", "轴承": "C34", "阀门": "C34", "模具": "C35", "自动化设备": "C35", "电子": "C39", "光电": "C39",
    "电器": "C38", "电机": "C38", "汽车零部件": "C36", "汽车服务": "O81", "软件": "I65", "信息技术": "I65", "网络科技": "I64",
    "物流": "G54", "供应链管理": "G59", "国际货运代理": "G58", "酒店管理": "H61", "餐饮管理": "H62", "服饰": "C18", "纺织": "C17",
    "食品": "C14", "医药": "C27", "建筑工程": "E48", "装饰": "E50", "物业管理": "K70", "人力资源": "L72", "财务咨询": "L72",
    "文化传媒": "R87", "教育科技": "P83", "养老服务": "Q85", "健康管理": "Q84", "贸易": "F51", "超市": "F52", "新能源": "C38",
    "环保": "N77", "检测技术": "M74", "家居": "C21", "包装": "C22",
}  # fmt: skip
#: Eight in ten names end in 有限公司.
ENDINGS = ("有限公司",) * 80 + ("股份公司",) * 6 + ("厂",) * 6 + ("经营部",) * 4 + ("中心",) * 2 + ("集团",) * 2
#: Region -> how many of a hundred lie there; what is missing to a hundred lies anywhere in the country.
PLACES = {"330100": 45, "330200": 9, "330400": 7, "330600": 8, "330700": 6, "331000": 4, "320500": 5, "310000": 4}
STATES = (
    ("active",) * 70 + ("prospect",) * 12 + ("ended",) * 8 + ("assessed",) * 4 + ("paused",) * 4 + ("suspended",) * 2
)


def fill(enterprises, touchpoints, *, say=print, now=None):
    """Add so many rows to the demonstration. The database role must be allowed to switch triggers off (superuser)."""
    now = now or timezone.now()
    dice = random.Random(f"{SEED} {enterprises}")  # noqa: S311 - dice of invented rows, no secret
    with transaction.atomic(), connection.cursor() as cursor:
        say("Triggers are off while the large tables are filled: no history is written, no foreign key is checked.")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL gin_pending_list_limit = '1GB'")
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        shares = _shares(enterprises, touchpoints)
        rows = _write_enterprises(dice, enterprises, shares, now)
        _write_touchpoints(cursor, [(row.pk, n) for row, n in zip(rows, shares, strict=True) if n])
        _write_events(cursor)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    tidy()
    say(f"{enterprises:,} enterprises and {touchpoints:,} contacts stand; the planner's statistics are fresh.")


def tidy(table=""):
    """Do at once what autovacuum does some minutes after many rows have changed; inside a transaction only a part of it."""
    with connection.cursor() as cursor:
        cursor.execute(f"{'ANALYZE' if connection.in_atomic_block else 'VACUUM ANALYZE'} {table}")


def _shares(enterprises, touchpoints):
    """How many contacts each enterprise has: one very many, few many, most some, every fifth none."""
    weights = [0 if n % 5 == 4 else 1 / (n + 40) ** 0.7 for n in range(enterprises)]
    busiest = min(BUSIEST, touchpoints // 2)
    weights[0] = 0
    left = touchpoints - busiest
    total = sum(weights) or 1
    shares = [int(left * weight / total) for weight in weights]
    for n in range(left - sum(shares)):
        shares[1 + n % max(1, enterprises - 1)] += 1
    shares[0] = busiest
    return shares


def _write_enterprises(dice, number, shares, now):
    regions = {region.pk: region for region in Region.objects.all()}
    anywhere = sorted(code for code, region in regions.items() if region.level == Region.Level.CITY)
    places = [code for code, weight in PLACES.items() for _ in range(weight)]
    places += [None] * (100 - len(places))
    departments = list(Department.objects.order_by("pk"))
    owners = list(User.objects.active().filter(role__in=PARTNER_ROLES).order_by("pk"))
    industries = {industry.pk: industry for industry in Industry.objects.all()}
    names, numbers, rows = set(Enterprise.objects.values_list("name", flat=True)), count(100_000), []
    for n in range(number):
        region = regions[dice.choice(places) or dice.choice(anywhere)]
        name, trade = firm_name(dice, region, names)
        code = _code(region, next(numbers)) if n % 20 else ""
        made_at = now - timedelta(days=dice.randint(1, 3_000), seconds=dice.randrange(86_400))
        flagged = dice.random() < 0.02
        rows.append(
            Enterprise(
                name=name,
                uscc=code,
                state=dice.choice(STATES),
                relation="host_only" if dice.random() < 0.25 else "partner",
                ownership=dice.choice(("private", "private", "private", "state", "foreign", "")),
                industry=industries[TRADES[trade]],
                region=region,
                address=f"{region.name}{dice.choice(FIRST)}{dice.choice(SECOND)}路{dice.randint(1, 999)}号",
                size=dice.choice(("large", "medium", "small", "small", "micro", "")),
                headcount=dice.randint(3, 3_000),
                tier=dice.choice((1, 2, 2, 3, 3, 3, 3, 3)),
                lead_department=dice.choice(departments),
                owner=dice.choice(owners),
                registry="abnormal" if flagged else "",
                registry_on=timezone.localdate(made_at) if flagged else None,
                created_at=made_at,
                last_contact_at=now - timedelta(minutes=dice.randint(60, 700_000)) if shares[n] else NEVER,
                **naming(name, uscc=code),
            )
        )
    Enterprise.objects.bulk_create(rows, batch_size=BATCH)
    through = Enterprise.departments.through
    through.objects.bulk_create(
        (through(enterprise=row, department=dice.choice(departments)) for row in rows[::10]), batch_size=BATCH
    )
    Contact.objects.bulk_create(
        (Contact(enterprise=row, name="联系人", honorific="经理", phones=[mobile(dice)]) for row in rows),
        batch_size=BATCH,
    )
    return rows


def firm_name(dice, region, names):
    while True:
        trade = dice.choice(tuple(TRADES))
        place = region.name.removesuffix("市").removesuffix("省")
        name = f"{place}{dice.choice(FIRST)}{dice.choice(SECOND)}{trade}{dice.choice(ENDINGS)}"
        if name not in names:
            names.add(name)
            return name, trade


def _code(region, number):
    body = f"91{region.pk}MB{number:07d}"
    return body + uscc.calc_check_digit(body)


def _write_touchpoints(cursor, shares):
    """Counted back from each enterprise's last contact, at distances that never meet."""
    cursor.execute("CREATE TEMPORARY TABLE shares (enterprise_id bigint, number int) ON COMMIT DROP")
    keys, numbers = [pk for pk, _number in shares], [number for _pk, number in shares]
    cursor.execute("INSERT INTO shares SELECT * FROM unnest(%s::bigint[], %s::int[])", [keys, numbers])
    cursor.execute("SELECT coalesce(max(id), 0) FROM partnerships_touchpoint")
    (last,) = cursor.fetchone()
    cursor.execute(
        """
        INSERT INTO partnerships_touchpoint
            (form_key, enterprise_id, kind, side, happened_at, precision, is_two_way, summary, agreed, wishes, people,
             private_note, is_from_list, logged_by_id, logged_name, logged_at, version, jobs_said, internships_said,
             list_key, withdrawn_because)
        SELECT gen_random_uuid(), enterprise.id,
               (ARRAY['visit', 'call', 'wechat', 'call', 'meeting', 'received'])[1 + n %% 6],
               CASE WHEN n %% 6 = 5 THEN 'enterprise' ELSE 'school' END,
               happened_at, 'moment', n = 0 OR n %% 9 > 0,
               (ARRAY['核对在岗人数，没有离岗。', '看了车间和宿舍，条件可以。', '问下学期用工，等排产出来再定。'])[1 + n %% 3],
               '', '', '', '', false, enterprise.owner_id, '', happened_at, 0, '', '', '', ''
        FROM shares JOIN partnerships_enterprise enterprise ON enterprise.id = shares.enterprise_id,
             LATERAL generate_series(0, shares.number - 1) n,
             LATERAL (SELECT enterprise.last_contact_at - n * interval '1 day' * 1400 / (shares.number + 10)
                             AS happened_at) moment
        ORDER BY md5(shares.enterprise_id::text || '-' || n)
        """,
        [],
    )
    cursor.execute("CREATE TEMPORARY TABLE filled_from ON COMMIT DROP AS SELECT %s::bigint AS id", [last])


def _write_events(cursor):
    cursor.execute(
        """
        INSERT INTO records_event
            (stream, kind, subject_type_id, subject_id, side, audience, by_id, by_name, data, happened_at, recorded_at)
        SELECT enterprise_id, 'touchpoint.logged', content_type.id, touchpoint.id, side, 'both', logged_by_id, '',
               jsonb_build_object('kind', touchpoint.kind), happened_at, happened_at
        FROM partnerships_touchpoint touchpoint, django_content_type content_type
        WHERE touchpoint.id > (SELECT id FROM filled_from)
          AND content_type.app_label = 'partnerships' AND content_type.model = 'touchpoint'
        ORDER BY touchpoint.id
        """
    )
