"""U07: KML with entities, links, scripts and depth."""

from tests.hostile.attack import READ, Bait, attack
from tests.hostile.files import kml, placemark


def link(address: str) -> str:
    return f"<NetworkLink><Link><href>{address}</href></Link></NetworkLink>"


@attack("U07", "plots.kml", "entities")
def billion_laughs(_bait: Bait) -> bytes:
    first = '<!ENTITY l0 "ha">'
    others = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return kml(f"<name>&l9;</name>{placemark()}", f"<!DOCTYPE kml [{first}{others}]>")


@attack("U07", "plots.kml", "entities")
def entity_of_a_local_file(bait: Bait) -> bytes:
    type_of_document = f'<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{bait.secret}">]>'
    return kml(placemark("<description>&x;</description>"), type_of_document)


@attack("U07", "plots.kml", "entities")
def entity_of_an_address(bait: Bait) -> bytes:
    return kml(placemark(), f'<!DOCTYPE kml [<!ENTITY % x SYSTEM "{bait.address}"> %x;]>')


@attack("U07", "plots.kml", "entities")
def type_of_document_at_an_address(bait: Bait) -> bytes:
    return kml(placemark(), f'<!DOCTYPE kml SYSTEM "{bait.address}">')


@attack("U07", "plots.kml", "remote_link")
def nothing_but_a_link(bait: Bait) -> bytes:
    return kml(link(bait.address))


@attack("U07", "plots.kml", READ)
def plots_with_link_icon_and_script(bait: Bait) -> bytes:
    icon = f"<Style><IconStyle><Icon><href>{bait.address}</href></Icon></IconStyle></Style>"
    script = "<description><![CDATA[<script>alert(1)</script>]]></description>"
    sheet = f'<?xml-stylesheet href="{bait.address}"?>'
    return kml(link(bait.address) + icon + placemark(script), sheet)


@attack("U07", "plots.kml", "too_deep")
def folders_in_folders(_bait: Bait) -> bytes:
    return kml("<Folder>" * 200_000 + "</Folder>" * 200_000)


@attack("U07", "plots.kml", "truncated")
def kml_cut_short(_bait: Bait) -> bytes:
    return kml(placemark())[:-60]


@attack("U07", "plots.kml", "damaged")
def kml_not_closed(_bait: Bait) -> bytes:
    return kml(placemark()).replace(b"</LinearRing>", b"")


@attack("U07", "plots.kml", "too_large")
def endless_attribute(_bait: Bait) -> bytes:
    """A parser that is fed in pieces looks at all of it again with each piece."""
    return b'<kml a="' + b"x" * 20_000_000 + b'"/>'


@attack("U07", "plots.kml", "damaged")
def unknown_encoding(_bait: Bait) -> bytes:
    return kml(placemark()).replace(b"UTF-8", b"UTF-9")
