"""The school of the demonstration: its departments and people. All of them are invented."""

from accounts.models import Department, Role

#: Short word of the story -> (name, English name, kind).
DEPARTMENTS = {
    "处": ("校企合作处", "Office of University–Enterprise Cooperation", Department.Kind.OFFICE),
    "机电": ("智能制造学院", "School of Intelligent Manufacturing", Department.Kind.FACULTY),
    "信息": ("信息工程学院", "School of Information Engineering", Department.Kind.FACULTY),
    "汽车": ("汽车与轨道交通学院", "School of Automotive and Rail Transport", Department.Kind.FACULTY),
    "商贸": ("商贸物流学院", "School of Commerce and Logistics", Department.Kind.FACULTY),
    "健旅": ("健康与旅游学院", "School of Health and Tourism", Department.Kind.FACULTY),
}

#: (key, name, Latin name, role, department, phone, demonstration account).
STAFF = [
    ("admin", "沈一鸣", "Shen Yiming", Role.ADMINISTRATOR, "处", "13900000101", True),
    ("lead", "陆文婷", "Lu Wenting", Role.LEAD, "处", "13900000102", True),
    ("lin", "林薇", "Lin Wei", Role.OFFICER, "机电", "13900000103", True),
    ("zhou", "周子昂", "Zhou Zi'ang", Role.OFFICER, "信息", "13900000104", True),
    ("fang", "方志强", "Fang Zhiqiang", Role.OFFICER, "汽车", "13900000105", False),
    ("xu", "徐嘉怡", "Xu Jiayi", Role.OFFICER, "商贸", "13900000106", False),
    ("ye", "叶青", "Ye Qing", Role.OFFICER, "健旅", "13900000107", False),
    ("he", "何思远", "He Siyuan", Role.OFFICER, "处", "13900000108", False),
    ("song", "宋立群", "Song Liqun", Role.TEACHER, "机电", "13900000109", True),
    ("jiang", "蒋雨桐", "Jiang Yutong", Role.TEACHER, "信息", "13900000110", False),
    ("han", "韩露", "Han Lu", Role.COUNSELLOR, "商贸", "13900000111", True),
    ("ding", "丁浩然", "Ding Haoran", Role.COUNSELLOR, "汽车", "13900000112", False),
]
#: Who owns the partners of which department.
OWNERS = {"机电": "lin", "信息": "zhou", "汽车": "fang", "商贸": "xu", "健旅": "ye"}
SCHOOL_MAIL = "qinglan.example"
#: Heads of the school who lead trips.
LEADERS = ("校长 顾怀瑾", "副校长 梁秋实", "陆文婷", "教务处处长 邵明", "")

SURNAMES = (
    "赵钱孙李吴郑王冯陈褚卫沈杨朱秦许吕施张孔曹严金魏陶姜谢邹潘葛范彭鲁马苗俞袁柳史唐薛雷贺倪汤罗毕郝安常傅余顾孟黄萧尹"
)
GIVEN = [
    "敏",
    "波",
    "芳",
    "建国",
    "丽华",
    "志军",
    "晓燕",
    "海燕",
    "伟",
    "国强",
    "雪梅",
    "文杰",
    "慧",
    "佳",
    "永刚",
    "春兰",
    "立新",
    "红梅",
    "振华",
    "小芳",
    "明",
    "俊",
    "玉兰",
    "家豪",
    "思琪",
    "亚萍",
    "宏伟",
    "月娥",
    "卫东",
    "秀英",
    "子轩",
    "梦洁",
    "庆丰",
    "爱华",
    "晨",
    "锦涛",
    "美玲",
    "凯",
    "淑贞",
    "新民",
    "一凡",
    "向阳",
    "翠",
    "德胜",
    "欣怡",
    "荣",
    "晓峰",
    "静",
    "建平",
    "莉",
]
#: Position -> (how such a person is addressed after the surname, capability flags).
POSITIONS = {
    "人事经理": ("经理", ("arranges_interns",)),
    "人力资源部主管": ("主管", ("arranges_interns", "keeps_pay")),
    "行政总监": ("总", ("signs",)),
    "总经理": ("总", ("signs",)),
    "副总经理": ("总", ("signs",)),
    "生产部经理": ("经理", ("mentors",)),
    "车间主任": ("主任", ("mentors",)),
    "班组长": ("师傅", ("mentors",)),
    "技术总监": ("工", ("mentors",)),
    "门店店长": ("店长", ("arranges_interns", "mentors")),
    "护理部主任": ("主任", ("mentors",)),
    "培训主管": ("老师", ("mentors",)),
    "财务主管": ("会计", ("keeps_pay",)),
}
