"""The rules of the web that need no network: robots.txt, addresses, sitemaps."""

import pytest

from indexer.readers.page import Unreadable
from indexer.sources.web import site
from indexer.sources.web.network import is_public
from indexer.sources.web.robots import Robots

ROBOTS = """
# a comment
User-agent: other
Disallow: /

User-agent: Glossator
User-agent: friend
Disallow: /a
Allow: /a/b$
Disallow: /*.pdf$
Disallow:
Crawl-delay: 2.5

User-agent: *
Disallow: /all
Sitemap: https://example.com/map.xml
"""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/", True), ("/a", False), ("/a/x", False), ("/a/b", True), ("/a/b/c", False),
     ("/x/y.pdf", False), ("/x/y.pdf?q", True), ("/all", False), ("/%61", False)],
)  # fmt: skip
def test_the_longest_rule_of_our_own_group_decides(path: str, allowed: bool) -> None:
    assert Robots(ROBOTS).allows(path) is allowed


def test_the_rest_of_robots_txt_is_read_too() -> None:
    found = Robots(ROBOTS)
    assert found.delay_s == 2.5
    assert found.sitemaps == ("https://example.com/map.xml",)
    assert Robots(ROBOTS, "unknown").allows("/all") is False
    assert Robots("").allows("/anything")


def test_a_rule_made_to_be_slow_is_not() -> None:
    rules = Robots(f"User-agent: *\nDisallow: /{'*a' * 500}$")
    assert rules.allows("/" + "a" * 1000 + "b")


@pytest.mark.parametrize(
    ("asked", "delay_s"),
    [("2.5", 2.5), ("1e300", 999_999.0), ("inf", 0.0), ("nan", 0.0), ("-1", 0.0), ("soon", 0.0)],
)
def test_a_delay_is_a_number_of_seconds_that_can_be_waited(asked: str, delay_s: float) -> None:
    assert Robots(f"User-agent: *\nCrawl-delay: {asked}").delay_s == delay_s


@pytest.mark.parametrize(
    ("address", "public"),
    [("93.184.216.34", True), ("2606:2800:220:1::1", True), ("127.0.0.1", False),
     ("10.1.2.3", False), ("172.16.0.1", False), ("192.168.1.1", False),
     ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False),
     ("::1", False), ("::", False), ("fe80::1%eth0", False), ("fd00::1", False),
     ("::ffff:127.0.0.1", False), ("::ffff:10.0.0.1", False), ("64:ff9b::a00:1", False),
     ("2002:7f00:1::", False)],
)  # fmt: skip
def test_only_public_addresses_are_public(address: str, public: bool) -> None:
    """Also when an IPv6 address stands for an IPv4 one."""
    assert is_public(address) is public


@pytest.mark.parametrize(
    ("link", "expected"),
    [("b.html#x", "https://example.com/docs/b.html"), ("/B", "https://example.com/B"),
     ("//EXAMPLE.com:443/x y", "https://example.com/x%20y"),
     ("?a=1", "https://example.com/docs/a.html?a=1"),
     ("mailto:a@b", None), ("javascript:x", None), ("http://[", None), ("x" * 3000, None)],
)  # fmt: skip
def test_an_address_has_one_spelling(link: str, expected: str | None) -> None:
    assert site.address(link, "https://example.com/docs/a.html") == expected


def test_a_scope_is_a_host_and_a_path() -> None:
    scope = site.scope_of("http://example.com/docs/index.html")
    assert scope.has("http://example.com/docs/a")
    assert scope.has("https://example.com/docs/a")  # the same host, over TLS
    assert not scope.has("http://example.com/docs-old/a")
    assert not scope.has("http://example.com:8080/docs/a")
    assert site.scope_of("https://example.com/docs").has("https://example.com/docs")
    assert not site.scope_of("https://example.com/").has("http://example.com/")


def test_a_sitemap_expands_no_entities() -> None:
    laughs = (
        b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
        b"<!ENTITY f SYSTEM 'file:///etc/passwd'>]>"
        b"<urlset><url><loc>https://example.com/&b;&f;</loc></url></urlset>"
    )
    pages, _ = site.sitemap(laughs)
    assert all("aaaa" not in page and "root:" not in page for page in pages)
    with pytest.raises(Unreadable):
        site.sitemap(b"")
