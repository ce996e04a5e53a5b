"""Channels: real requests to real receivers on this machine, and no secret in anything that is said."""

import logging
from pathlib import Path

import pytest
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.slack import NotifySlack
from apprise.plugins.wecombot import NotifyWeComBot

from pipelines.alerting.channels import Channel, Sent, load_settings, send
from pipelines.errors import WardlightError
from tests.pipelines.alerting.receivers import free_port, mail_server, web_service

SECRET = "hunter2hunter2"


def channel(url: str) -> Channel:
    return Channel.model_validate(url)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "alerts.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_web_hook_takes_the_message(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with web_service() as received:
        sent = send(channel(f"json://user:{SECRET}@127.0.0.1:{received.port}/hook"), "荷汀", "一行\n二行", "failure")
    assert sent.succeeded
    assert received.paths == ["/hook"]
    assert [(body["title"], body["message"], body["type"]) for body in received.bodies] == [
        ("荷汀", "一行\n二行", "failure")
    ]
    assert SECRET not in caplog.text


def test_a_mail_is_taken() -> None:
    with mail_server() as received:
        url = f"mailto://127.0.0.1:{received.port}?from=wardlight@district.example&to=duty@district.example"
        sent = send(channel(f"{url}&mode=insecure"), "Seattle: 1 new", "Calls: silent", "failure")
    assert sent.succeeded, sent.problem
    (mail,) = received.mails
    assert "Subject: Seattle: 1 new" in mail
    assert "Calls: silent" in mail


def test_chats_are_sent_what_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    with web_service() as received:
        base = f"http://127.0.0.1:{received.port}"
        monkeypatch.setattr(NotifyFeishu, "notify_url", f"{base}/feishu/{{token}}/")
        monkeypatch.setattr(NotifySlack, "webhook_url", f"{base}/slack")
        monkeypatch.setattr(NotifyDingTalk, "notify_url", f"{base}/dingtalk?access_token={{token}}")
        monkeypatch.setattr(NotifyWeComBot, "notify_url", f"{base}/wecom?key={{key}}")
        received.answer = {"errcode": 0, "code": 0}
        for url in (
            "feishu://0123456789abcdef",
            "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            "dingtalk://0123456789abcdef",
            "wecombot://0123456789abcdef",
        ):
            sent = send(channel(url), "标题", "文字", "failure")
            # Slack answers with a word, all others with an object.
            assert sent.succeeded or url.startswith("slack"), (url, sent.problem)
    assert [path.split("/")[1].split("?")[0] for path in received.paths] == ["feishu", "slack", "dingtalk", "wecom"]
    assert all("文字" in str(body) for body in received.bodies)


@pytest.mark.parametrize("url", ["dingtalk://0123456789abcdef", "wecombot://0123456789abcdef"])
def test_a_robot_that_refuses_in_the_text_of_its_answer_has_not_taken_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web_service() as received:
        base = f"http://127.0.0.1:{received.port}"
        monkeypatch.setattr(NotifyDingTalk, "notify_url", f"{base}/{{token}}")
        monkeypatch.setattr(NotifyWeComBot, "notify_url", f"{base}/{{key}}")
        received.answer = {"errcode": 310000, "errmsg": "keywords not in content"}
        assert send(channel(url), "t", "b", "failure") == Sent(succeeded=False, problem="its answer is error 310000")
        received.answer = {"errcode": 0, "errmsg": "ok"}
        assert send(channel(url), "t", "b", "failure").succeeded


def test_a_receiver_that_is_down_or_refuses_is_told_without_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    down = send(channel(f"json://user:{SECRET}@127.0.0.1:{free_port()}/{SECRET}"), "t", "b", "failure")
    with web_service() as received:
        received.status = 500
        refused = send(channel(f"json://user:{SECRET}@127.0.0.1:{received.port}/{SECRET}"), "t", "b", "failure")
    for sent in (down, refused):
        assert not sent.succeeded
        assert sent.problem
        assert SECRET not in sent.problem
    assert SECRET not in caplog.text


def test_settings_are_read_with_variables_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUTY_TOKEN", SECRET)
    path = written(
        tmp_path,
        "channels:\n  duty: json://example.org/${DUTY_TOKEN}\n  chat: {url: feishu://0123456789, kinds: [late, run]}\n"
        "again_after_days: 0\nwarnings: true\n",
    )
    settings = load_settings(path)
    assert settings.channels["duty"].url.get_secret_value() == f"json://example.org/{SECRET}"
    assert settings.channels["chat"].kinds == ("late", "run")
    assert settings.again_after is None
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("text", "line", "field", "problem"),
    [
        (f"channels:\n  duty: {SECRET}\n", 2, "channels.duty", "is not an address of Apprise"),
        (f"channels:\n  duty: slak://{SECRET}/x\n", 2, "channels.duty", "one of slak:// that Apprise understands"),
        (f"channels:\n  duty: [{SECRET}]\n", 2, "channels.duty", ""),
        (f"channels:\n  duty: {{url: 'json://{SECRET}', kind: [late]}}\n", 2, "channels.duty.kind", "no key 'kind'"),
        (f"channels:\n  duty: {{url: 'json://{SECRET}', kinds: [{SECRET}]}}\n", 2, "channels.duty.kinds.0", "Input"),
        (f"channels:\n  duty: json://{SECRET}/${{NO_SUCH}}\n", 2, "channels.duty", "NO_SUCH is not set"),
        (f"channel: {SECRET}\nchannels: {{duty: 'json://{SECRET}'}}\n", 1, "channel", "no key 'channel'"),
        (f"channels: {{duty: 'json://{SECRET}'}}\nagain_after_days: -1\n", 2, "again_after_days", "greater than"),
    ],
)
def test_mistakes_are_told_with_their_line_and_without_a_secret(
    tmp_path: Path, text: str, line: int, field: str, problem: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(WardlightError) as raised:
        load_settings(path)
    error = raised.value
    assert (error.file, error.line, error.field) == (str(path), line, field)
    assert problem in error.problem
    assert SECRET not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__


def test_several_mistakes_are_told_at_once_without_a_secret(tmp_path: Path) -> None:
    path = written(tmp_path, f"channels:\n  a: slak://{SECRET}\n  b: slak://{SECRET}\n")
    with pytest.raises(WardlightError, match="2 mistakes") as raised:
        load_settings(path)
    assert SECRET not in str(raised.value)
