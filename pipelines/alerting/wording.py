"""Words of a message, in English or Chinese: names of checks and sources, counts and days, nothing of any record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from pipelines.alerting.memory import Known
from pipelines.alerting.telling import Digest

Language = Literal["en", "zh"]
Tone = Literal["failure", "warning", "success", "info"]
# A message of this many lines is read; of more, the number is told.
MOST_LISTED = 20

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "{city}: {told}",
        "told_new": "{count} new",
        "told_again": "{count} still standing",
        "told_over": "{count} over",
        "joined": ", ",
        "new": "New:",
        "again": "Still standing:",
        "over": "Over:",
        "missed": "Came and went, while this channel could not be reached:",
        "more": "… and {count} more: wardlight alerts list",
        "check": "Check {expectation} of {table} fails: {rows} rows",
        "check_uncounted": "Check {expectation} of {table} fails",
        "check_broken": "Check {expectation} of {table} could not be judged",
        "since": " (since {since})",
        "silent": "{title}: silent, nothing for {days} days; the last record is of {last_day}",
        "never": "{title}: silent, there is no record yet",
        "collapsed": "{title}: far fewer records than is usual; the last is of {last_day}",
        "areas": "{title}: {areas} areas fell silent",
        "run": "Runs of {job} fail: {times} in a row, the last is {run}",
        "late": "The nightly run of {expected} is late: it was due at {due}; the last that succeeded is of {last}",
        "late_never": "The nightly run of {expected} is late: it was due at {due}; none has succeeded yet",
        "mute": "To mute: wardlight alerts mute KEY --days 7",
        "test_title": "{city}: a test",
        "test": "This is a test of Wardlight's alerts: the channel {channel} works.",
    },
    "zh": {
        "title": "{city}：{told}",
        "told_new": "新增 {count} 项",
        "told_again": "仍存在 {count} 项",
        "told_over": "已恢复 {count} 项",
        "joined": "，",
        "new": "新增：",
        "again": "仍未解决：",
        "over": "已恢复：",
        "missed": "在本渠道无法送达期间发生并已恢复：",
        "more": "……另有 {count} 项：wardlight alerts list",
        "check": "表 {table} 的检查 {expectation} 未通过：{rows} 行",
        "check_uncounted": "表 {table} 的检查 {expectation} 未通过",
        "check_broken": "表 {table} 的检查 {expectation} 无法执行",
        "since": "（自 {since} 起）",
        "silent": "{title}：已中断，{days} 天没有记录；最后一条记录的日期为 {last_day}",
        "never": "{title}：已中断，尚无任何记录",
        "collapsed": "{title}：记录数远低于往常；最后一条记录的日期为 {last_day}",
        "areas": "{title}：{areas} 个区域没有新记录",
        "run": "任务 {job} 运行失败：连续 {times} 次，最近一次为 {run}",
        "late": "{expected} 的夜间运行延误：应于 {due} 开始；最近一次成功的日期为 {last}",
        "late_never": "{expected} 的夜间运行延误：应于 {due} 开始；尚无成功的运行",
        "mute": "静音：wardlight alerts mute KEY --days 7",
        "test_title": "{city}：测试",
        "test": "这是 Wardlight 告警的测试消息：渠道 {channel} 工作正常。",
    },
}
_SECTIONS = ("new", "again", "over", "missed")


def message(told: Digest, city: str, language: Language, time_zone: str) -> tuple[str, str]:
    """Write the title and the text of a message.

    Parameters
    ----------
    city
        The city's name, in the language of the message.
    time_zone
        Zone in which instants are told.
    """
    words = _WORDS[language]
    counts = {
        "told_new": len(told.new),
        "told_again": len(told.again),
        "told_over": len(told.over) + len(told.missed),
    }
    summed = words["joined"].join(words[name].format(count=count) for name, count in counts.items() if count)
    lines: list[str] = []
    for section in _SECTIONS:
        causes: Sequence[Known] = getattr(told, section)
        if causes:
            lines += [words[section], *(f"• {line_of(each, language, time_zone)}" for each in causes[:MOST_LISTED])]
            if len(causes) > MOST_LISTED:
                lines.append(words["more"].format(count=len(causes) - MOST_LISTED))
            lines.append("")
    if told.new or told.again:
        lines.append(words["mute"])
    return words["title"].format(city=city, told=summed), "\n".join(lines).strip()


def trial_message(city: str, channel: str, language: Language) -> tuple[str, str]:
    """Write the title and the text of a test."""
    words = _WORDS[language]
    return words["test_title"].format(city=city), words["test"].format(channel=channel)


def line_of(known: Known, language: Language, time_zone: str) -> str:
    """Say what is wrong in a line, with the key by which it is muted."""
    words, facts = _WORDS[language], dict(known.facts)
    facts["title"] = facts.get(f"title_{language}")
    text = words[_name(known)].format(**facts)
    since = facts.get("since")
    if since is not None:
        text += words["since"].format(since=_local(str(since), time_zone))
    return f"{text} [{known.key}]"


def _name(known: Known) -> str:
    facts = known.facts
    if known.kind == "check":
        if not facts["judged"]:
            return "check_broken"
        return "check" if facts["rows"] is not None else "check_uncounted"
    if known.kind == "silence":
        return "never" if facts["status"] == "silent" and facts["last_day"] is None else str(facts["status"])
    if known.kind == "late":
        return "late" if facts["last"] is not None else "late_never"
    return "run"


def _local(moment: str, time_zone: str) -> str:
    """Write an instant in the city's zone; a day stays as it is."""
    if "T" not in moment:
        return moment
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M")
