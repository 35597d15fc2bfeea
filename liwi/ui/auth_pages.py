"""The login page: plain HTML, light and dark, in English, Chinese or Japanese as the browser asks.

Its one script carries over the part of the address behind #, which browsers do not send: links into the app survive the login.
"""

import base64
import hashlib
from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

TEXTS = {
    "en": {
        "title": "Log in",
        "lead": "Take pictures and characters apart into layers.",
        "name": "Name",
        "password": "Password",
        "go": "Log in",
        "openid": "Log in with Hugging Face",
        "openid_other": "Log in",
        "wrong": "Name and password do not fit together. Check both and try again.",
        "wait": "Too many attempts. Try again in {seconds} s.",
        "denied": "The login did not work: {reason}. Try again.",
        "expired": "it took too long, or began in another window",
        "unreachable": "the login service does not answer",
        "unnamed": "the login service did not say who you are",
        "refused": "it was refused or broken off",
        "reserved": "this name is reserved",
    },
    "zh": {
        "title": "登录",
        "lead": "把图片和角色拆分成图层。",
        "name": "用户名",
        "password": "密码",
        "go": "登录",
        "openid": "使用 Hugging Face 登录",
        "openid_other": "登录",
        "wrong": "用户名或密码不正确，请检查后重试。",
        "wait": "尝试次数过多，请在 {seconds} 秒后重试。",
        "denied": "登录失败：{reason}。请重试。",
        "expired": "登录超时，或是在其他窗口中开始的",
        "unreachable": "登录服务没有响应",
        "unnamed": "登录服务没有提供你的用户名",
        "refused": "登录被拒绝或中断",
        "reserved": "该用户名为保留名称",
    },
    "ja": {
        "title": "ログイン",
        "lead": "画像とキャラクターをレイヤーに分解します。",
        "name": "ユーザー名",
        "password": "パスワード",
        "go": "ログイン",
        "openid": "Hugging Face でログイン",
        "openid_other": "ログイン",
        "wrong": "ユーザー名またはパスワードが違います。確認してもう一度お試しください。",
        "wait": "試行回数が多すぎます。{seconds} 秒後にもう一度お試しください。",
        "denied": "ログインできませんでした：{reason}。もう一度お試しください。",
        "expired": "時間がかかりすぎたか、別のウィンドウで開始されました",
        "unreachable": "ログインサービスが応答しません",
        "unnamed": "ログインサービスからユーザー名を取得できませんでした",
        "refused": "拒否されたか、中断されました",
        "reserved": "この名前は予約されています",
    },
}

_STYLE = """
:root { color-scheme: light dark; --ground: #f4f4f6; --card: #fff; --ink: #1c1c22; --soft: #6a6a76; --line: #d8d8e0; --accent: #5b4bd6; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #131318; --card: #1d1d24; --ink: #ececf2; --soft: #9c9caa; --line: #34343f; --accent: #8f82ff; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, "Noto Sans CJK SC", "Noto Sans CJK JP", sans-serif; }
main { width: 100%; max-width: 360px; padding: 32px; background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  box-shadow: 0 12px 40px rgb(0 0 0 / 8%); }
h1 { margin: 0; font-size: 22px; letter-spacing: -0.01em; }
p { margin: 4px 0 24px; color: var(--soft); font-size: 14px; }
label { display: block; margin-bottom: 16px; font-size: 14px; font-weight: 600; }
input { display: block; width: 100%; margin-top: 6px; padding: 10px 12px; font: inherit; font-weight: 400; color: inherit;
  background: var(--ground); border: 1px solid var(--line); border-radius: 8px; }
button, .button { display: block; width: 100%; padding: 11px 12px; font: inherit; font-weight: 600; text-align: center; color: #fff;
  background: #5b4bd6; border: 0; border-radius: 8px; cursor: pointer; text-decoration: none; }
button:hover, .button:hover { background: #4c3dc4; }
input:focus-visible, button:focus-visible, .button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[role=alert] { margin: 0 0 16px; padding: 10px 12px; color: #a3161f; background: #fdecec; border-radius: 8px; }
@media (prefers-color-scheme: dark) { [role=alert] { color: #ffb4b4; background: #3a1d20; } }
"""

_PAGE = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · LiWi Studio</title><style>{style}</style></head>
<body><main><h1>LiWi Studio</h1><p>{lead}</p>{alert}{form}</main><script>{script}</script></body></html>
"""

_SCRIPT = """
const [field, link] = ["input[name=next]", "a.button"].map((each) => document.querySelector(each));
if (location.hash && field) field.value = field.value.split("#")[0] + location.hash;
if (location.hash && link) {
  const address = new URL(link.href);
  address.searchParams.set("next", (address.searchParams.get("next") || "/") + location.hash);
  link.href = address;
}
"""
_SCRIPT_HASH = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()

_PASSWORD_FORM = """<form method="post" action="/login"><input type="hidden" name="next" value="{target}">
<label>{name_text}<input name="name" value="{name}" autocomplete="username" autocapitalize="none" maxlength="200" required
{focus_name}></label>
<label>{password_text}<input name="password" type="password" autocomplete="current-password" maxlength="1000" required
{focus_password}></label>
<button>{go}</button></form>"""

_OPENID_FORM = '<a class="button" href="{href}" target="{frame}" rel="noopener">{go}</a>'

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_SCRIPT_HASH}'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors {frames}"
    ),
}


def password_page(language: str, target: str, *, name: str = "", problem: str = "", status: int = 200, retry: int = 0) -> HTMLResponse:
    """The page with name and password.

    Args:
        language: a key of `TEXTS`.
        target: path to go to after the login, see `safe_target`.
        name: what was typed before.
        problem: what went wrong, for the person.
        status: of the response.
        retry: seconds until another attempt makes sense; 0 for at once.
    """
    texts = TEXTS[language]
    form = _PASSWORD_FORM.format(
        target=escape(target),
        name=escape(name),
        name_text=texts["name"],
        password_text=texts["password"],
        go=texts["go"],
        focus_name="" if name else "autofocus",
        focus_password="autofocus" if name else "",
    )
    return _page(language, form, problem, status, framed=False, retry=retry)


def openid_page(language: str, href: str, *, huggingface: bool, framed: bool, problem: str = "", status: int = 200) -> HTMLResponse:
    """The page with the button that leads to the provider, which refuses to be framed: in a frame it opens a window of its own."""
    go = TEXTS[language]["openid" if huggingface else "openid_other"]
    form = _OPENID_FORM.format(href=escape(href), frame="_blank" if framed else "_self", go=go)
    return _page(language, form, problem, status, framed=framed)


def language_of(accepted: str) -> str:
    """The key of `TEXTS` that a browser's ``Accept-Language`` likes best; English if none."""
    wishes = []
    for place, item in enumerate(accepted.split(",")[:20]):
        tag, _, weight = item.partition(";q=")
        try:
            wishes.append((-float(weight or 1), place, tag.strip()[:2].lower()))
        except ValueError:
            continue
    return next((tag for weight, _, tag in sorted(wishes) if tag in TEXTS and weight < 0), "en")


def safe_target(wanted: str) -> str:
    """The path to go to after the login: the wanted one if it stays inside this app, else the start page."""
    parts = urlsplit(wanted) if wanted.isascii() and wanted.isprintable() and "\\" not in wanted and len(wanted) <= 2000 else None
    inside = parts is not None and not parts.scheme and not parts.netloc and wanted.startswith("/") and not wanted.startswith("//")
    return wanted if inside and not wanted.startswith(("/login", "/logout")) else "/"


def _page(language: str, form: str, problem: str, status: int, *, framed: bool, retry: int = 0) -> HTMLResponse:
    texts = TEXTS[language]
    alert = f'<div role="alert">{escape(problem)}</div>' if problem else ""
    page = _PAGE.format(language=language, title=texts["title"], style=_STYLE, lead=texts["lead"], alert=alert, form=form, script=_SCRIPT)
    headers = {name: value.format(frames="*" if framed else "'self'") for name, value in _HEADERS.items()}
    return HTMLResponse(page, status, headers | ({"Retry-After": str(retry)} if retry else {}))
