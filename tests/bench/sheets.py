"""Lists of 10,000 rows taken in, duplicates looked for, 100,000 rows handed out; each beside its yard-stick."""

import io
import random
import uuid
from itertools import chain, islice
from statistics import median

import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from python_calamine import CalamineWorkbook

from accounts.models import Role, User
from partnerships import exports
from partnerships.models import Enterprise
from partnerships.services import imports, merging
from records.spreadsheets import write_xlsx
from reports.demo import lists
from reports.demo.scale import FIRST, SECOND, TRADES
from tests.bench.measure import Row, Section, seconds, timed

IMPORT_LIMIT, SIMILAR_LIMIT, EXPORT_LIMIT = 8, 3, 1.5


def partner_list(number):
    """A list as the office keeps it: half known partners, most of them unchanged, the rest new, each tenth faulty."""
    dice = random.Random(number)
    known = list(Enterprise.objects.exclude(uscc="").order_by("-pk").values("name", "uscc", "address")[: number // 2])
    rows = []
    for n in range(number):
        if n < len(known):
            row = {"企业全称": known[n]["name"], "统一社会信用代码": known[n]["uscc"], "详细地址": known[n]["address"]}
        else:
            name = f"绍兴{dice.choice(FIRST)}{dice.choice(SECOND)}{dice.choice(FIRST)}{dice.choice(list(TRADES))}有限公司{n}厂"
            row = {"企业全称": name, "企业性质": "民营", "所属行业": "机械", "详细地址": f"绍兴市越城区迪荡街道{n}号",
                   "联系人及职务": f"赵{dice.choice(SECOND)}（人事经理）", "联系电话": f"1380000{n % 10_000:04d}",
                   "最近走访时间": f"{dice.randint(2023, 2025)}.{dice.randint(1, 12)}"}  # fmt: skip
        if n % 10 == 9:
            row["统一社会信用代码"] = "9.13301E+17"
        rows.append({"序号": str(n + 1), "规模": f"{dice.randint(10, 900)}人", **row})
    stream = io.BytesIO()
    table = [list(lists.HEADS), *([row.get(head, "") for head in lists.HEADS] for row in rows)]
    write_xlsx(stream, [("台账", ["2026年校企合作企业台账"], table)])
    return stream.getvalue(), [row["企业全称"] for row in rows]


def visit_list(number):
    """A list of visits: a day and a sentence each, every tenth a tour of four, every twentieth an unknown name."""
    names = list(Enterprise.objects.current().order_by("pk").values_list("name", flat=True)[: number + 4])
    rows = []
    for n in range(number):
        firms = names[n % len(names) : n % len(names) + (4 if n % 10 == 0 else 1)]
        rows.append({
            "序号": str(n + 1), "走访时间": f"2025.{1 + n % 12}.{1 + n % 28}上午", "方式": "走访", "带队领导": "张校长一行5人",
            "企业名称": "、".join(firms) if n % 20 != 19 else f"{firms[0]}{n}厂", "走访内容": f"看望第{n}批实习生，谈订单班。",
            "就业岗位数": "20+", "实习岗位数": str(n % 9), "跟进人及时限": "王老师 12月底前", "佐证": "见公众号",
        })  # fmt: skip
    stream = io.BytesIO()
    table = [list(lists.VISIT_HEADS), *([row.get(head, "") for head in lists.VISIT_HEADS] for row in rows)]
    write_xlsx(stream, [("走访", ["2025年走访台账"], table)])
    return stream.getvalue()


def visits_section(visitor, number, runs):
    content = visit_list(number)
    by = User.objects.active().filter(role=Role.LEAD).order_by("pk").first()
    previews, bare, batch = [], [], None
    for _ in range(runs):
        bare.append(
            timed(lambda: CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python())[0]
        )
        if batch is not None:
            imports.discard_import(batch, by=by)
        taken, batch = timed(_preview, visitor, by, content)
        previews.append(taken)
    imports.start_applying(batch, by=by)
    applied, batch = timed(imports.finish_applying, batch)
    return Section(
        "Visits taken in",
        rows=[
            _row(f"import of {number:,} visits with preview", previews, bare, "reading the cells alone", IMPORT_LIMIT),
            Row("applying its good rows", seconds(applied), note="once"),
        ],
    )


def import_section(visitor, number, runs):
    content, names = partner_list(number)
    by = User.objects.active().filter(role=Role.LEAD).order_by("pk").first()
    previews, bare, similar, scans, batch = [], [], [], [], None
    for _ in range(runs):
        bare.append(
            timed(lambda: CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python())[0]
        )
        if batch is not None:
            imports.discard_import(batch, by=by)
        taken, batch = timed(_preview, visitor, by, content)
        previews.append(taken)
        scans.append(timed(lambda: list(Enterprise.objects.values_list("pk", "core_key", "name")))[0])
        similar.append(timed(merging.similar_pairs, names)[0])
    imports.start_applying(batch, by=by)
    applied, batch = timed(imports.finish_applying, batch)
    wanted = "applied"
    if batch.state != wanted:
        raise AssertionError(f"the import ended {batch.state}")
    return Section(
        "Lists taken in",
        rows=[
            _row(f"import of {number:,} rows with preview", previews, bare, "reading the cells alone", IMPORT_LIMIT),
            _row(f"likely duplicates of {len(names):,} names", similar, scans, "reading all names", SIMILAR_LIMIT),
            Row("applying its good rows", seconds(applied), note="once"),
        ],
    )


def _preview(visitor, by, content):
    upload = SimpleUploadedFile("台账.xlsx", content)
    batch = imports.read_import(imports.upload_import(by=by, upload=upload, form_key=uuid.uuid4()))
    visitor.get(reverse("partnerships:import_detail", args=[batch.pk]))
    return batch


def _row(figure, values, yardstick, what, limit):
    value = median(values)
    return Row(
        figure, seconds(value), yardstick=f"{seconds(median(yardstick))} ({what})",
        ratio=f"{value / median(yardstick):.1f} ×", limit=f"≤ {limit} s", met=value <= limit,
    )  # fmt: skip


def export_section(number, runs):
    """The product's export against a loop that writes the same cells and does nothing else."""
    queryset = Enterprise.objects.current().for_list().order_by("sort_key", "pk")
    heads = [str(n) for n in range(14)]
    cells = list(islice(chain.from_iterable(exports.rows(queryset) for _ in range(100)), number))
    own, bare = [], []
    for _ in range(runs):
        bare.append(timed(_bare_writer, cells, heads)[0])
        rows = islice(chain.from_iterable(exports.rows(queryset) for _ in range(100)), number)
        own.append(timed(write_xlsx, io.BytesIO(), [("Partners", heads, rows)])[0])
    ratio = median(mine / other for mine, other in zip(own, bare, strict=True))
    row = Row(
        f"export of {number:,} rows", seconds(median(own)), yardstick=f"{seconds(median(bare))} (bare writer)",
        ratio=f"{ratio:.2f} ×", limit=f"≤ {EXPORT_LIMIT} ×", met=ratio <= EXPORT_LIMIT,
    )  # fmt: skip
    return Section("Lists handed out", rows=[row])


def _bare_writer(cells, heads):
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(io.BytesIO(), options) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, heads)
        for number, row in enumerate(cells, 1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif isinstance(value, int):
                    sheet.write_number(number, column, value)
                elif value is not None:
                    sheet.write_datetime(number, column, value, day)
