"""The Chinese interface speaks as the field does: each word of the glossary as it is really said."""

import pytest
from django.utils import translation

from accounts.models import Role
from partnerships.models import Ask, Enterprise, Health, Obligation, Touchpoint
from partnerships.models.agreement import AgreementKind
from partnerships.models.touchpoint import EvidenceTag
from partnerships.rules.rhythm import Rhythm
from partnerships.workflow import AgreementState, ObligationState
from policies.models import Specialty, SpecialtyCategory
from reports.lists import LISTS

#: What is shown -> what people say. Source: the words used in cooperation offices and their lists.
WORDS = [
    (Touchpoint._meta.verbose_name, "联系记录"),
    (Touchpoint.Kind.VISIT.label, "走访"),
    (Touchpoint.Kind.RECEIVED.label, "来校"),
    (Touchpoint.Kind.CALL.label, "电话"),
    (Touchpoint.Kind.WECHAT.label, "微信"),
    (Touchpoint.Kind.MEETING.label, "会议"),
    (Enterprise.Tier.STRATEGIC.label, "战略合作"),
    (Enterprise.Tier.CORE.label, "紧密合作"),
    (Enterprise.Tier.GENERAL.label, "一般合作"),
    (Enterprise.Relation.PARTNER.label, "合作企业"),
    (Enterprise.Relation.HOST_ONLY.label, "仅实习单位"),
    (Role.LEAD.label, "校企合作处负责人"),
    (Role.OFFICER.label, "校企合作专干"),
    (Role.TEACHER.label, "校内指导教师"),
    (Role.COUNSELLOR.label, "辅导员/班主任"),
    (Role.HR.label, "企业联系人"),
    (EvidenceTag.ANNUAL_REPORT.label, "年报"),
    (EvidenceTag.DOUBLE_HIGH.label, "双高"),
    (EvidenceTag.DIAGNOSIS.label, "诊改"),
    (EvidenceTag.SPECIALTY_GROUP.label, "专业群"),
    (Rhythm.FRESH.label, "正常"),
    (Rhythm.SOON.label, "该联系了"),
    (Rhythm.GAP.label, "超期未联系"),
    (Rhythm.SILENT.label, "长期未联系"),
    (Enterprise._meta.get_field("former_names").verbose_name, "曾用名"),
    (AgreementState.DRAFT.label, "拟稿"),
    (AgreementState.REVIEW.label, "会签中"),
    (AgreementState.SIGNATURE.label, "用印中"),
    (AgreementState.IN_FORCE.label, "履行中"),
    (AgreementState.EXPIRED.label, "已到期"),
    (AgreementState.RENEWED.label, "已续签"),
    (AgreementState.TERMINATED.label, "已解除"),
    (Obligation._meta.verbose_name, "约定事项"),
    (ObligationState.OPEN.label, "进行中"),
    (ObligationState.KEPT.label, "已完成"),
    (ObligationState.WAIVED.label, "协商取消"),
    (ObligationState.BREACHED.label, "未履行"),
    (Health._meta.verbose_name, "合作评估"),
    (AgreementKind.ORDER_CLASS.label, "订单班"),
    (AgreementKind.INDUSTRY_COLLEGE.label, "产业学院"),
    (Ask._meta.verbose_name, "对接事项"),
    (LISTS["needs"].label, "企业需求"),
    (LISTS["offers"].label, "学校服务清单"),
    (LISTS["asks"].label, "对接事项"),
    (Specialty._meta.verbose_name, "专业"),
    (SpecialtyCategory._meta.verbose_name, "专业大类"),
]


@pytest.mark.parametrize(("shown", "said"), WORDS, ids=[said for _shown, said in WORDS])
def test_the_word_is_the_field_s(shown, said):
    with translation.override("zh-hans"):
        assert str(shown) == said
