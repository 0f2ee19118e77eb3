"""Who answers and what happens: units and incidents of the demo. Enters: `Town`. Leaves: rows in town metres. Pure."""

# ruff: noqa: E501  (tables: one row a line)
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from furnish import SCENE
from town import lonlat


@dataclass(frozen=True, slots=True)
class Crew:
    """A unit, with where it stands when the demo starts."""

    id: str
    name: str
    name_en: str
    kind: str
    x: float
    y: float
    duty: str
    crew: str


def units() -> list[Crew]:
    # fmt: off
    rows = (
        ("XC-01", "巡-01", "Patrol 01", "patrol_car", -200, 3, "patrolling", "3"), ("XC-02", "巡-02", "Patrol 02", "patrol_car", 330, 22, "patrolling", "3"),
        ("XC-05", "巡-05", "Patrol 05", "patrol_car", -428, -330, "patrolling", "2"), ("XC-07", "巡-07", "Patrol 07", "patrol_car", 118, 15, "on_duty", "3"),
        ("XC-12", "巡-12", "Patrol 12", "patrol_car", -10, -250, "patrolling", "2"), ("XC-15", "巡-15", "Patrol 15", "patrol_car", 60, 246, "patrolling", "2"),
        ("MT-03", "摩-03", "Motorcycle 03", "motorcycle", 192, -120, "patrolling", "1"), ("MT-04", "摩-04", "Motorcycle 04", "motorcycle", -215, -60, "on_duty", "1"),
        ("BX-01", "步-01", "Foot patrol 01", "foot_patrol", -10, 96, "patrolling", "2"), ("BX-02", "步-02", "Foot patrol 02", "foot_patrol", 100, -172, "patrolling", "2"),
        ("TG-01", "亭-01 望汀", "Kiosk 01 Wangting", "kiosk", -8, 40, "on_duty", "4"), ("TG-02", "亭-02 澄桥", "Kiosk 02 Chengqiao", "kiosk", -430, 12, "on_duty", "4"),
        ("JW-A1", "棠梨警务室", "Tangli police room", "police_room", -300, -192, "on_duty", "2"), ("PS-01", "云汀派出所", "Yunting station", "station", 240, -172, "reserve", "8"),
        ("WG-11", "网-11", "Grid worker 11", "grid_worker", -60, -91, "patrolling", "1"), ("WG-21", "网-21", "Grid worker 21", "grid_worker", 120, 89, "on_duty", "1"),
        ("WG-31", "网-31", "Grid worker 31", "grid_worker", -128, 330, "patrolling", "1"), ("ZY-05", "志-05 红袖标", "Volunteer 05", "volunteer", -10, -130, "on_duty", "6"),
        ("ZY-08", "志-08 红袖标", "Volunteer 08", "volunteer", 238, 330, "on_duty", "5"), ("SA-01", "商-01 云汀里安保", "Mall security 01", "mall_security", -80, 9, "on_duty", "6"),
        ("CL-02", "村-02 河沿互助组", "Heyan mutual aid 02", "village_group", 400, 246, "on_duty", "7"), ("XF-01", "消-01 微型消防站", "Mini fire post 01", "fire", 380, -60, "reserve", "4"),
        ("YL-01", "医-01", "Ambulance 01", "medical", -300, 1, "reserve", "3"), ("JT-06", "交-06", "Traffic 06", "traffic", 300, 22, "patrolling", "1"),
        ("CG-02", "城-02", "Urban management 02", "urban_management", 20, -174, "patrolling", "3"), ("BC-41", "报警车-41 公交", "Alarm bus 41", "alarm_vehicle", 500, 34, "patrolling", "1"),
    )
    # fmt: on
    return [Crew(*row) for row in rows]


# fmt: off
_PLANS: tuple[tuple[float, str, str, tuple[float, float] | None, str | None, tuple[str, ...], tuple[str, ...]], ...] = (
    # after s, source, grade ("" = the centre grades it), position in town metres, pole, (title, kind, address, caller, note), the same in English
    (3.0, "110", "red", SCENE, None, ("云汀大道与望汀路口持械斗殴", "斗殴", "云汀大道望汀路口东南角", "路人来电", "两拨人,约八人,有人持棍"),
     ("Armed brawl at Yunting Avenue and Wangting Road", "brawl", "SE corner of Yunting Avenue and Wangting Road", "passer-by", "two groups, about eight people, sticks seen")),
    (6.0, "mall", "orange", (-120, 40), None, ("云汀里商场报警:聚众冲突", "聚众", "云汀里购物中心南门", "商场安保", "请求片区联动增援"),
     ("Yuntingli Mall alarm: crowd conflict", "crowd", "Yuntingli Mall, south door", "mall security", "asks the neighbouring malls to reinforce")),
    (8.0, "6995", "blue", None, "D-0036", ("电杆 D-0036 旁两车相撞", "交通事故", "", "群众", "只报了电杆号,无人受伤"),
     ("Two cars collided at pole D-0036", "traffic accident", "", "resident", "only the pole code was given, nobody hurt")),
    (10.0, "alarm_post", "blue", (-90, -170), None, ("棠梨街报警柱 2 号一键报警", "求助", "棠梨街报警柱 2 号", "", "按下后无人说话"),
     ("Alarm post 2 on Tangli Street pressed", "call for help", "Alarm post 2, Tangli Street", "", "pressed, nobody speaks")),
    (12.0, "96966", "green", (90, 89), None, ("竹器巷占用消防通道(非警务)", "占道", "竹器巷 14 号", "居民", "杂物堵住通道"),
     ("Fire lane blocked in Zhuqi Alley (non-police)", "obstruction", "Zhuqi Alley 14", "resident", "rubbish blocks the lane")),
    (45.0, "grid", "green", (-60, -91), None, ("染坊巷井盖破损", "公共设施", "染坊巷中段", "网格员", "已摆放警示锥"),
     ("Broken manhole cover in Ranfang Alley", "public works", "Ranfang Alley, middle", "grid worker", "a cone has been placed")),
    (75.0, "patrol", "blue", (300, 152), None, ("青萝河南岸有人落水求救", "溺水", "河南沿路报警柱 3 号附近", "巡逻队", "对岸警力直线近、须绕桥"),
     ("Person in the river, south bank", "drowning", "near alarm post 3, South Bank Road", "patrol", "units across the river are near by air, far by road")),
    (105.0, "110", "orange", (90, -128), None, ("棠梨农贸市场持刀威胁", "威胁", "棠梨农贸市场内", "摊主", "一人持刀,未伤人"),
     ("Knife threat in Tangli Market", "threat", "inside Tangli Market", "stall keeper", "one man with a knife, nobody hurt")),
    (135.0, "6995", "", None, None, ("老人走失,最后见于河沿一带", "走失", "说不清具体位置", "家属", "穿灰色外套,拄拐杖"),
     ("Elderly person missing, last seen by the river", "missing person", "place not known", "family", "grey coat, walking stick")),
    (165.0, "alarm_post", "blue", (100, 448), None, ("书棠路报警柱 4 号一键报警", "纠纷", "书棠路报警柱 4 号", "", "称被追赶"),
     ("Alarm post 4 on Shutang Road pressed", "dispute", "Alarm post 4, Shutang Road", "", "says he is being chased")),
    (195.0, "manual", "green", (-300, -200), None, ("栖霞小区邻里噪音纠纷", "纠纷调解", "栖霞小区", "值班电话", "转社区调解"),
     ("Noise dispute in Qixia Estate", "mediation", "Qixia Estate", "duty phone", "for community mediation")),
    (225.0, "110", "blue", None, "D-0012", ("电杆 D-0012 旁电动车被盗", "盗窃", "", "车主", "十分钟内发生"),
     ("E-bike stolen beside pole D-0012", "theft", "", "owner", "within the last ten minutes")),
    (260.0, "checkpoint", "orange", (-426, 170), None, ("青萝桥卡口:肇事逃逸车辆过卡", "车辆布控", "青萝桥卡口 北行", "卡口", "白色小客车,右前灯破损"),
     ("Qingluo Bridge checkpoint: hit-and-run car passed", "vehicle alert", "Qingluo Bridge, northbound", "checkpoint", "white car, right headlamp broken")),
    (295.0, "grid", "green", (250, -286), None, ("听雨巷路灯不亮", "公共设施", "听雨巷东段", "网格员", "三盏"),
     ("Street lights out in Tingyu Lane", "public works", "Tingyu Lane, east", "grid worker", "three lamps")),
    (330.0, "mall", "blue", (-110, 90), None, ("云汀里商场儿童走散", "走失", "云汀里购物中心二层", "商场广播室", "五岁男孩,黄色上衣"),
     ("Child separated from parents in Yuntingli Mall", "missing child", "Yuntingli Mall, 2nd floor", "mall", "boy of five, yellow top")),
    (370.0, "96966", "green", (470, -80), None, ("车站支路游商占道(非警务)", "占道", "车站支路", "居民", ""),
     ("Street vendors block Station Link (non-police)", "obstruction", "Station Link", "resident", "")),
    (410.0, "110", "red", (-120, -238), None, ("云汀实验小学门口有人持刀", "持刀", "云汀实验小学东门", "门卫", "学生已关在校内"),
     ("Man with a knife at Yunting Primary School", "knife", "Primary School east gate", "gatekeeper", "pupils are kept inside")),
    (450.0, "patrol", "blue", (282, 88), None, ("棠梨公园醉酒男子倒地", "救助", "棠梨公园步道", "巡逻队", "需医护"),
     ("Drunk man collapsed in Tangli Park", "medical help", "Tangli Park path", "patrol", "medics needed")),
    (490.0, "6995", "blue", (380, 246), None, ("河沿村组一呼百应:入室盗窃", "盗窃", "河北沿路 88 号", "村民", "一人翻墙向东跑"),
     ("Heyan village call 6995: burglary", "burglary", "North Bank Road 88", "villager", "one man climbed the wall and ran east")),
    (530.0, "110", "orange", (310, 315), None, ("栖云府工地脚手架坍塌", "安全事故", "栖云府工地一号楼", "工地值班", "两人被困"),
     ("Scaffolding collapsed at Qiyun Court site", "accident", "Qiyun Court site, block 1", "site office", "two people trapped")),
    (570.0, "manual", "", None, "D-9999", ("称在电杆 D-9999 旁被打", "斗殴", "", "电话", "台账无此杆号,请回拨核实"),
     ("Caller hit beside pole D-9999", "assault", "", "phone", "no such pole in the list: call back")),
    (610.0, "checkpoint", "blue", (500, 34), None, ("云汀大道卡口:货车闯禁行", "交通违法", "云汀大道东段", "卡口", ""),
     ("Yunting Avenue checkpoint: lorry in a no-lorry zone", "traffic offence", "Yunting Avenue, east", "checkpoint", "")),
    (650.0, "grid", "green", (-330, -240), None, ("菜园巷垃圾堆积", "环境卫生", "菜园巷", "网格员", ""),
     ("Rubbish heap in Caiyuan Lane", "cleaning", "Caiyuan Lane", "grid worker", "")),
    (690.0, "96966", "green", (-20, -500), None, ("望汀路南段树枝压线(非警务)", "公共设施", "望汀路南段", "居民", "转供电"),
     ("Branch on a power line, Wangting Road south (non-police)", "public works", "Wangting Road, south", "resident", "for the power company")),
)
# fmt: on
_KEYS = ("title", "kind", "address", "caller", "note")


def incidents() -> list[dict[str, Any]]:
    """Two dozen incidents: `after_s`, `body` (contract fields without texts), and the texts in both languages."""
    found = []
    for number, (after_s, source, grade, spot, pole, chinese, english) in enumerate(_PLANS, 1):
        lon, lat = lonlat(*spot) if spot else (None, None)
        body = {
            "source": source,
            "source_id": f"DEMO-{number:03d}",
            "grade": grade or None,
            "lon": lon,
            "lat": lat,
            "datum": "wgs84",
            "pole": pole,
            "place": None,
        }
        texts = [{key: (value or None) for key, value in zip(_KEYS, words, strict=True)} for words in (chinese, english)]
        found.append({"after_s": after_s, "body": body, "zh_CN": texts[0], "en": texts[1]})
    return found
