"""Addresses of web, mail and machines in running text, in code and where a space is missing."""

from __future__ import annotations

import pytest

from qlora_gov_guardrails.addresses import find_ip, find_mail, find_urls


def found(find, text: str) -> list[str]:
    return [text[start:end] for start, end in find(text)]


@pytest.mark.parametrize(
    "text",
    [
        "I paid.No reply came", "Please reset it.Thanks", "i paid.no reply came", "the app.Is it down", "done.So what",
        "i got it.in my account", "ok.my card", "money.how do i", "on time.It was", "bad.This can't", "yet.She should",
        "a transfer...is it", "error.can you", "hour.Please", "e.g. this, i.e. that", "v1.2.3, at 5 p.m.",
        "obj.method() and user.name", "self.id = 3", "torch.cat(x)", "plt.show()", "import scipy.io", "java.io.File",
        "open file.py, main.rs:42, README.md#use, run.sh, lib.so, data.zip, Cargo.toml", "node.js", "array.at[0]",
        "src/app.co/x", "C:\\code\\app.py", "$host.com", "std::io", "https://", "www.", "www.example",
        "j.smith@example.com", "1.5.in", "response.status_code", "a.size", "logger.info", "good.Thanks", "x.is",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_none(text: str) -> None:
    assert found(find_urls, text) == []


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see http://x.com/a(b)_c), ok", ["http://x.com/a(b)_c"]),
        ("[docs](https://a.b.org/c?d=1#e).", ["https://a.b.org/c?d=1#e"]),
        ("'https://api.example.com/v1', 'ftp://files.example.net'", ["https://api.example.com/v1", "ftp://files.example.net"]),
        ("http://localhost:8000 runs", ["http://localhost:8000"]),
        ("seehttps://example.com", ["https://example.com"]),
        ("www.foo.co.uk.Thanks", ["www.foo.co.uk"]),
        ("go to www.vg.no now", ["www.vg.no"]),
        ("example.com.Then go on", ["example.com"]),
        ("EXAMPLE.COM, Example.Com or example.de?", ["EXAMPLE.COM", "Example.Com", "example.de"]),
        ("example.com:8080/x?y=1.", ["example.com:8080/x?y=1"]),
        ("bit.ly/abc and t.me/someone", ["bit.ly/abc", "t.me/someone"]),
        ("mine is someone.github.io", ["someone.github.io"]),
        ("My website is AutoLabs.store.", ["AutoLabs.store"]),
        ("please visit vg.no", ["vg.no"]),
        ("请看http://x.com/请", ["http://x.com/"]),
        ("shop.example.com.br", ["shop.example.com.br"]),
    ],
)  # fmt: skip
def test_a_web_address_is_found_from_end_to_end(text: str, urls: list[str]) -> None:
    assert found(find_urls, text) == urls


@pytest.mark.parametrize(
    ("text", "mails"),
    [
        ("j.smith+x@mail.example.com.", ["j.smith+x@mail.example.com"]),
        ("write to a@b.com.Please", ["a@b.com"]),
        ("ann@x.no.Is it right", ["ann@x.no"]),
        ("`a@b.org`, <c@d.org>, mailto:e@f.com?x, {g@h.de}", ["a@b.org", "c@d.org", "e@f.com", "g@h.de"]),
        ("邮箱test@example.com谢谢", ["test@example.com"]),
        ("jürgen@example.de", ["jürgen@example.de"]),
        ("a@b.invalidtld, @name, a@b, x @ y.com", []),
    ],
)
def test_a_mail_address_is_found_without_what_encloses_it(text: str, mails: list[str]) -> None:
    assert found(find_mail, text) == mails


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("192.0.2.44. Or 10.0.0.0/8", ["192.0.2.44", "10.0.0.0/8"]),
        ("2001:db8::8a2e:370:7334/64, fe80::1", ["2001:db8::8a2e:370:7334/64", "fe80::1"]),
        ("is ::ffff:192.0.2.1 one?", ["::ffff:192.0.2.1"]),
        ("version 1.2.3.4.5, v1.2.3.4, 256.1.1.1", []),
        ("a[::2], x[1::2], std::vector, 12:30:45, 00:00:5E:00:53:AF", []),
    ],
)  # fmt: skip
def test_a_machines_address_is_no_version_and_no_time(text: str, addresses: list[str]) -> None:
    assert found(find_ip, text) == addresses
