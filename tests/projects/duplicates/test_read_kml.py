"""KML and KMZ: what an honest file says, and what a hostile one does not get."""

import zipfile

import pytest

from tanhui.kernel.errors import RefusedInput
from tanhui.projects.duplicates.read_kml import read_kml

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>VCS 1234</name>'
)
TAIL = "</Document></kml>"
SQUARE = "110,27,0 110.01,27,0 110.01,27.01,0 110,27.01,0 110,27,0"
HOLE = "110.002,27.002 110.004,27.002 110.004,27.004 110.002,27.004 110.002,27.002"


def polygon(outer=SQUARE, inner=""):
    ring = "<{0}><LinearRing><coordinates>\n {1}\n</coordinates></LinearRing></{0}>"
    holes = ring.format("innerBoundaryIs", inner) if inner else ""
    return f"<Polygon>{holes}{ring.format('outerBoundaryIs', outer)}</Polygon>"


def write(tmp_path, body, head=HEAD, tail=TAIL, name="x.kml"):
    path = tmp_path / name
    path.write_bytes(f"{head}{body}{tail}".encode())
    return path


def refused(path):
    with pytest.raises(RefusedInput) as refusal:
        read_kml(path)
    return refusal.value.faults[0].code


def test_places_with_holes_parts_data_and_folders(tmp_path):
    data = '<ExtendedData><SchemaData><SimpleData name="ID">P1</SimpleData></SchemaData></ExtendedData>'
    other = '<ExtendedData><Data name="area"><value>7</value></Data></ExtendedData>'
    body = f"<Folder><name>Zone 1</name><Placemark><name>地块一</name>{data}{polygon(inner=HOLE)}</Placemark></Folder>"
    two = f"<MultiGeometry>{polygon()}{polygon(HOLE)}</MultiGeometry>"
    body += f"<Placemark><name>two &amp; three</name>{other}{two}</Placemark>"
    body += "<Placemark><name>a point</name><Point><coordinates>110,27</coordinates></Point></Placemark>"
    one, several, point = read_kml(write(tmp_path, body))
    assert (one.name, one.data, one.folders) == ("地块一", {"ID": "P1"}, ("VCS 1234", "Zone 1"))
    assert one.outline.area == pytest.approx(0.01**2 - 0.002**2)
    assert len(one.outline.interiors) == 1  # though it came before the outer ring
    assert (several.name, several.data) == ("two & three", {"area": "7"})
    assert len(several.outline.geoms) == 2
    assert point.outline is None


def test_a_packed_file(tmp_path):
    path = tmp_path / "x.kmz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("files/icon.png", b"no picture")
        packed.writestr("doc.kml", f"{HEAD}<Placemark><name>A</name>{polygon()}</Placemark>{TAIL}")
    assert [place.name for place in read_kml(path)] == ["A"]


LAUGHS = '<!DOCTYPE k [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "doctype",
    [
        LAUGHS,
        '<!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE k SYSTEM "http://example.org/evil.dtd">',
        "<!DOCTYPE kml>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_document_type_in_any_encoding(tmp_path, doctype, encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?>{doctype}<kml><Placemark><name>&x;</name></Placemark></kml>'
    path = tmp_path / "x.kml"
    path.write_bytes(text.encode(encoding))
    assert refused(path) == "duplicates.doctype"


def test_depth_is_counted(tmp_path):
    assert refused(write(tmp_path, "<Folder>" * 5000)) == "duplicates.kml_depth_max"


def test_places_and_corners_are_counted(tmp_path, monkeypatch):
    from tanhui.projects.duplicates import read_kml as module

    monkeypatch.setattr(module, "limit", lambda name: {"kml_depth_max": 64, "kml_places_max": 2}.get(name, 11))
    place = f"<Placemark>{polygon()}</Placemark>"
    assert refused(write(tmp_path, place * 3)) == "duplicates.kml_corners_max"
    assert refused(write(tmp_path, "<Placemark></Placemark>" * 3)) == "duplicates.kml_places_max"


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "x.kmz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("doc.kml", "w") as stream:
        for _ in range(600):
            stream.write(bytes(1024**2))
    assert refused(path) in ("file.too_large", "file.grows_too_much")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.unreadable"),
        (b"no xml at all", "file.unreadable"),
        (b"<kml><Placemark>", "file.unreadable"),
        (f"<kml><Placemark>{polygon('a,b c,d e,f g,h')}</Placemark></kml>".encode(), "file.unreadable"),
        (f"<kml><Placemark>{polygon('1 2 3 4')}</Placemark></kml>".encode(), "file.unreadable"),
    ],
)
def test_what_is_no_kml(tmp_path, content, code):
    path = tmp_path / "x.kml"
    path.write_bytes(content)
    assert refused(path) == code


def test_a_packed_file_without_a_document_and_one_that_is_none(tmp_path):
    path = tmp_path / "x.kmz"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("readme.txt", "nothing")
    assert refused(path) == "duplicates.no_document"
    path.write_bytes(b"PK nothing")
    assert refused(path) == "file.unreadable"
    assert refused(tmp_path / "absent.kml") == "file.missing"
