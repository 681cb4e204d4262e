#!/usr/bin/env python3
"""Make the documents in extract/testdata/documents, each with planted canaries.

    scripts/testdata/make.py [DIRECTORY]

Needs LibreOffice (writer, calc, impress), Chromium, qpdf, 7z, xz, zstd and bzip2 on the PATH. The
results are committed, so that tests need none of them. index.json lists for each document
the canaries that must be found in it, and the outcome of reading it.
"""
import base64, email.message, email.policy, gzip, io, json, os, pathlib, shutil, sqlite3, struct
import subprocess, sys, tarfile, tempfile, zipfile, zlib

HERE = pathlib.Path(__file__).resolve().parent
OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent.parent / "extract/testdata/documents")
INDEX = {}
SERIAL = 0


def canary(what):
    """A phrase that is nowhere else."""
    global SERIAL
    SERIAL += 1
    return f"{what} canary {SERIAL:04d}"


def put(name, data, finds, outcome="complete", limit=""):
    (OUT / name).write_bytes(data)
    INDEX[name] = {"finds": finds, "outcome": outcome, "limit": limit}


def run(*args, **kw):
    subprocess.run([str(a) for a in args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kw)


def convert(source, to, filter_=None):
    """Have LibreOffice write source in another format; returns the bytes."""
    with tempfile.TemporaryDirectory() as d:
        run("soffice", "--headless", f"-env:UserInstallation=file://{tempfile.gettempdir()}/lo-profile",
            "--convert-to", f"{to}:{filter_}" if filter_ else to, "--outdir", d, source)
        return next(pathlib.Path(d).iterdir()).read_bytes()


# ---- LibreOffice: one text, one workbook and one presentation, in every format

NS = " ".join(f'xmlns:{k}="urn:oasis:names:tc:opendocument:xmlns:{v}:1.0"' for k, v in {
    "office": "office", "text": "text", "table": "table", "draw": "drawing", "style": "style", "fo": "xsl-fo-compatible",
    "svg": "svg-compatible", "presentation": "presentation", "number": "datastyle", "meta": "meta"}.items())
NS += ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"'


def writer(w):
    slots = {s: canary(s) for s in ("body", "header", "footer", "footnote", "comment", "deleted", "hidden", "box", "table", "umlaut Jörg Späth", "title")}
    text = f'''<?xml version="1.0" encoding="UTF-8"?>
<office:document {NS} office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text">
<office:meta><dc:title>{slots["title"]}</dc:title></office:meta>
<office:automatic-styles>
<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>
<style:style style:name="B" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style>
<style:page-layout style:name="L"><style:header-style/><style:footer-style/></style:page-layout>
</office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="L">
<style:header><text:p>{slots["header"]}</text:p></style:header><style:footer><text:p>{slots["footer"]}</text:p></style:footer>
</style:master-page></office:master-styles>
<office:body><office:text>
<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><office:change-info><dc:creator>x</dc:creator><dc:date>2026-01-01T00:00:00</dc:date></office:change-info><text:p>{slots["deleted"]}</text:p></text:deletion></text:changed-region></text:tracked-changes>
<text:p>{slots["body"][:7]}<text:span text:style-name="B">{slots["body"][7:]}</text:span></text:p>
<text:p>note<text:note text:id="n1" text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>{slots["footnote"]}</text:p></text:note-body></text:note></text:p>
<text:p>remark<office:annotation><dc:creator>x</dc:creator><text:p>{slots["comment"]}</text:p></office:annotation></text:p>
<text:p>gone<text:change text:change-id="c1"/></text:p>
<text:p><text:span text:style-name="H">{slots["hidden"]}</text:span>.</text:p>
<text:p><draw:frame text:anchor-type="paragraph" svg:width="6cm" svg:height="2cm"><draw:text-box><text:p>{slots["box"]}</text:p></draw:text-box></draw:frame></text:p>
<table:table><table:table-column/><table:table-row><table:table-cell><text:p>{slots["table"]}</text:p></table:table-cell></table:table-row></table:table>
<text:p>{slots["umlaut Jörg Späth"]}</text:p>
</office:text></office:body></office:document>'''
    src = w / "text.fodt"
    src.write_text(text)
    all_ = list(slots.values())
    shown = [v for k, v in slots.items() if k not in ("deleted", "hidden", "comment", "title")]
    put("letter.fodt", src.read_bytes(), all_)
    put("letter.odt", convert(src, "odt"), all_)
    put("letter.docx", convert(src, "docx"), all_)
    put("letter.doc", convert(src, "doc"), all_)
    put("letter.rtf", convert(src, "rtf"), [v for v in all_ if v != slots["title"]])
    put("letter.html", convert(src, "html", "HTML (StarWriter)"), [v for k, v in slots.items() if k not in ("deleted", "hidden")])
    put("letter.pdf", convert(src, "pdf"), shown)
    put("letter.epub", convert(src, "epub"), [slots["body"], slots["footnote"], slots["table"]])
    put("letter.txt", convert(src, "txt", "Text (encoded):UTF8"), [slots["body"], slots["umlaut Jörg Späth"]])
    put("locked.docx", cfb({"EncryptionInfo": b"\4\0\4\0", "EncryptedPackage": os.urandom(64)}), [], "encrypted")
    with zipfile.ZipFile(io.BytesIO(convert(src, "odt"))) as z:
        files = {n: z.read(n) for n in z.namelist() if "/" not in n or n.startswith("META")}
    files["content.xml"] = bytes(range(7, 256)) * 3
    files["META-INF/manifest.xml"] = files["META-INF/manifest.xml"].replace(
        b"<manifest:file-entry", b"<manifest:encryption-data/><manifest:file-entry", 1)
    put("locked.odt", zipped(files), [], "encrypted")
    return slots


def calc(w):
    slots = {s: canary(s) for s in ("cell", "hiddensheet", "note", "inline")}
    text = f'''<?xml version="1.0" encoding="UTF-8"?>
<office:document {NS} office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles>
<style:style style:name="T1" style:family="table"><style:table-properties table:display="true"/></style:style>
<style:style style:name="T2" style:family="table"><style:table-properties table:display="false"/></style:style>
<number:number-style style:name="N1"><number:number number:decimal-places="0" number:min-decimal-places="0" number:min-integer-digits="9"><number:embedded-text number:position="4">-</number:embedded-text><number:embedded-text number:position="6">-</number:embedded-text></number:number></number:number-style>
<style:style style:name="C1" style:family="table-cell" style:parent-style-name="Default" style:data-style-name="N1"/>
</office:automatic-styles>
<office:body><office:spreadsheet>
<table:table table:name="People" table:style-name="T1">
<table:table-row><table:table-cell office:value-type="string"><text:p>{slots["cell"]}</text:p></table:table-cell><table:table-cell office:value-type="string"><office:annotation><text:p>{slots["note"]}</text:p></office:annotation><text:p>{slots["inline"]}</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell table:style-name="C1" office:value-type="float" office:value="515069705"><text:p>515-06-9705</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="12345678"><text:p>12345678</text:p></table:table-cell></table:table-row>
</table:table>
<table:table table:name="Hidden" table:style-name="T2"><table:table-row><table:table-cell office:value-type="string"><text:p>{slots["hiddensheet"]}</text:p></table:table-cell></table:table-row></table:table>
</office:spreadsheet></office:body></office:document>'''
    src = w / "book.fods"
    src.write_text(text)
    all_ = list(slots.values()) + ["515-06-9705", "12345678"]
    put("book.fods", src.read_bytes(), all_)
    for ext in ("ods", "xlsx", "xls"):
        put(f"book.{ext}", convert(src, ext), all_)
    put("book.csv", convert(src, "csv"), [slots["cell"], "12345678"])
    put("book.pdf", convert(src, "pdf"), [slots["inline"], "12345678"])
    return slots


def impress(w):
    slots = {s: canary(s) for s in ("slide", "notes", "hiddenslide")}
    text = f'''<?xml version="1.0" encoding="UTF-8"?>
<office:document {NS} office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.presentation">
<office:automatic-styles>
<style:page-layout style:name="L"/><style:style style:name="dp1" style:family="drawing-page"/>
<style:style style:name="dp2" style:family="drawing-page"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>
</office:automatic-styles>
<office:master-styles><style:master-page style:name="Default" style:page-layout-name="L"/></office:master-styles>
<office:body><office:presentation>
<draw:page draw:name="one" draw:style-name="dp1" draw:master-page-name="Default">
<draw:frame svg:width="10cm" svg:height="3cm" svg:x="1cm" svg:y="1cm"><draw:text-box><text:p>{slots["slide"]}</text:p></draw:text-box></draw:frame>
<presentation:notes><draw:frame presentation:class="notes" svg:width="10cm" svg:height="3cm" svg:x="1cm" svg:y="9cm"><draw:text-box><text:p>{slots["notes"]}</text:p></draw:text-box></draw:frame></presentation:notes>
</draw:page>
<draw:page draw:name="two" draw:style-name="dp2" draw:master-page-name="Default">
<draw:frame svg:width="10cm" svg:height="3cm" svg:x="1cm" svg:y="1cm"><draw:text-box><text:p>{slots["hiddenslide"]}</text:p></draw:text-box></draw:frame>
</draw:page>
</office:presentation></office:body></office:document>'''
    src = w / "talk.fodp"
    src.write_text(text)
    all_ = list(slots.values())
    for ext in ("odp", "pptx"):
        put(f"talk.{ext}", convert(src, ext), all_)
    put("talk.ppt.gz", gzip.compress(convert(src, "ppt"), mtime=0), all_)  # LibreOffice writes 450 KiB
    put("talk.pdf", convert(src, "pdf"), [slots["slide"]])


# ---- PDF

def pdf(objects, broken=False):
    out, at = b"%PDF-1.7\n", []
    for i, o in enumerate(objects, 1):
        at.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (i, o)
    start = len(out) + (12345 if broken else 0)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % (a + (999 if broken else 0)) for a in at)
    return out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def simple_pdf(text, extra_page=b"", extra=(), broken=False):
    content = zlib.compress(b"BT /F1 12 Tf 50 700 Td (" + text.encode("latin-1") + b") Tj ET")
    return pdf([
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>" + extra_page + b">>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>", *extra], broken)


def pdfs(w):
    c = canary("form")
    put("form.pdf", simple_pdf("see the field", b"/Annots[6 0 R]", [
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(" + c.encode() + b")/Rect[0 0 10 10]>>"]), [c])
    c, d = canary("annotation"), canary("text")
    put("note.pdf", simple_pdf(d, b"/Annots[6 0 R]", [
        b"<</Type/Annot/Subtype/Text/Contents(" + c.encode() + b")/Rect[0 0 10 10]>>"]), [c, d])
    c = canary("brokenxref")
    put("broken-xref.pdf", simple_pdf(c, broken=True), [c])
    c = canary("cut")
    put("cut.pdf", simple_pdf(c)[:-180], [c], "broken")
    src = w / "a.pdf"
    c = canary("encrypted")
    src.write_bytes(simple_pdf(c))
    for name, args, found in [
        ("aes256-empty-password.pdf", ["--encrypt", "", "owner", "256", "--"], [c]),
        ("rc4-empty-password.pdf", ["--allow-weak-crypto", "--encrypt", "", "owner", "128", "--"], [c]),
        ("password.pdf", ["--encrypt", "user", "owner", "256", "--"], []),
        ("object-streams.pdf", ["--object-streams=generate"], [c]),
    ]:
        dst = w / name
        run("qpdf", *args, src, dst)
        put(name, dst.read_bytes(), found, "complete" if found else "encrypted")
    c2 = canary("attachment")
    (w / "inside.txt").write_text(c2)
    dst = w / "attachment.pdf"
    run("qpdf", src, dst, "--add-attachment", w / "inside.txt", "--")
    put("attachment.pdf", dst.read_bytes(), [c, c2])


# ---- archives

def zipped(files, method=zipfile.ZIP_DEFLATED):
    buf = io.BytesIO()
    with zipfile.ZipFile(buf, "w", method) as z:
        for name, data in files.items():
            z.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, method)
    return buf.getvalue()


def tarred(files):
    buf = io.BytesIO()
    with tarfile.open(fileobj=buf, mode="w") as t:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return buf.getvalue()


def archives(w):
    docx = (OUT / "letter.docx").read_bytes()
    inside = INDEX["letter.docx"]["finds"]
    c = canary("member")
    files = {"notes.txt": c.encode(), "letter.docx": docx}
    put("plain.zip", zipped(files), [c, *inside, "notes.txt"])
    put("stored.zip", zipped({"notes.txt": c.encode()}, zipfile.ZIP_STORED), [c])
    put("bzip2.zip", zipped({"notes.txt": c.encode()}, zipfile.ZIP_BZIP2), [c])
    put("nested.zip", zipped({"inner.zip": zipped({"more.zip": zipped(files)})}), [c, *inside])
    tar = tarred({"dir/notes.txt": c.encode()})
    put("plain.tar", tar, [c])
    (w / "t.tar").write_bytes(tar)
    put("t.tar.gz", gzip.compress(tar, mtime=0), [c])
    for tool, ext in (("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst")):
        run(tool, "-k", "-f", w / "t.tar")
        put(f"t.tar.{ext}", (w / f"t.tar.{ext}").read_bytes(), [c])
    (w / "notes.txt").write_text(c)
    (w / "letter.docx").write_bytes(docx)
    for name, args, found, outcome in [
        ("lzma2.7z", [], [c, *inside], "complete"),
        ("ppmd.7z", ["-m0=PPMd"], [c, *inside], "complete"),
        ("locked.7z", ["-psecret"], ["notes.txt"], "encrypted"),
        ("locked-names.7z", ["-psecret", "-mhe=on"], [], "encrypted"),
        ("locked.zip", ["-tzip", "-psecret"], ["notes.txt"], "encrypted"),
        ("locked-aes.zip", ["-tzip", "-psecret", "-mem=AES256"], ["notes.txt"], "encrypted"),
    ]:
        run("7z", "a", *args, w / name, "notes.txt", "letter.docx", cwd=w)
        put(name, (w / name).read_bytes(), found, outcome)
    put("stored.rar", rar5({"notes.txt": c.encode(), "letter.docx": docx}), [c, *inside])
    png = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
    small = zipped({"notes.txt": c.encode()})
    put("polyglot.png", png + small, [c], "unsupported")
    put("polyglot.pdf", simple_pdf("nothing here") + small, [c, "nothing here"])
    put("junk-before.zip", b"MZ" + bytes(range(256)) * 4 + small, [c])
    lying = bytearray(small)
    for at in range(len(lying) - 4):
        if lying[at:at + 4] == b"PK\x01\x02":
            lying[at + 24:at + 28] = struct.pack("<I", 3)
        if lying[at:at + 4] == b"PK\x03\x04":
            lying[at + 22:at + 26] = struct.pack("<I", 3)
    put("lying-size.zip", bytes(lying), [c])
    put("cut.zip", small[:small.index(b"PK\x01\x02")], [c], "broken")
    c2 = canary("unlisted")
    other = zipped({"unlisted.txt": c2.encode() * 3})
    local = other[:other.index(b"PK\x01\x02")]
    shifted = bytearray(local + small)
    for at in range(len(shifted) - 4):  # move the directory's offsets behind the hidden member
        if shifted[at:at + 4] == b"PK\x01\x02":
            old, = struct.unpack_from("<I", shifted, at + 42)
            struct.pack_into("<I", shifted, at + 42, old + len(local))
        if shifted[at:at + 4] == b"PK\x05\x06":
            old, = struct.unpack_from("<I", shifted, at + 16)
            struct.pack_into("<I", shifted, at + 16, old + len(local))
    put("unlisted-member.zip", bytes(shifted), [c, c2])


def vint(n):
    out = b""
    while True:
        out += bytes([n & 0x7f | (0x80 if n > 0x7f else 0)])
        n >>= 7
        if not n:
            return out


def rar5(files):
    """A RAR 5 archive of stored files."""
    def block(body, data=b""):
        head = vint(len(body)) + body
        return struct.pack("<I", zlib.crc32(head)) + head + data
    out = b"Rar!\x1a\x07\x01\x00" + block(vint(1) + vint(0) + vint(0))
    for name, data in files.items():
        n = name.encode()
        out += block(vint(2) + vint(2) + vint(len(data)) + vint(4) + vint(len(data)) + vint(0o644) +
                     struct.pack("<I", zlib.crc32(data)) + vint(0) + vint(1) + vint(len(n)) + n, data)
    return out + block(vint(5) + vint(0) + vint(0))


# ---- mail, notebooks, databases, charsets, markup

def mails():
    a, b, c, d = canary("plain"), canary("html"), canary("subject Späth"), canary("attached")
    m = email.message.EmailMessage(policy=email.policy.SMTP)
    m["From"], m["To"], m["Subject"], m["Date"] = "a@example.org", "b@example.org", c, "Mon, 23 Nov 2026 08:00:00 +0000"
    m.set_content("Grüße\n" + a, charset="iso-8859-1", cte="quoted-printable")
    m.add_alternative(f"<html><body><p>{b}</p></body></html>", subtype="html")
    m.add_attachment(d.encode(), maintype="text", subtype="csv", filename="list.csv")
    m.add_attachment((OUT / "letter.docx").read_bytes(), maintype="application", subtype="octet-stream", filename="letter.docx")
    m.set_boundary("outer")
    list(m.iter_parts())[0].set_boundary("inner")
    put("message.eml", m.as_bytes(), [a, b, c, d, *INDEX["letter.docx"]["finds"]])
    inner = email.message.EmailMessage(policy=email.policy.SMTP)
    inner["From"], inner["Subject"], inner["To"] = "c@example.org", "forwarded", "d@example.org"
    e = canary("forwarded")
    inner.set_content(e)
    outer = email.message.EmailMessage(policy=email.policy.SMTP)
    outer["From"], outer["Subject"], outer["To"] = "a@example.org", "fwd", "b@example.org"
    outer.set_content("see below")
    outer.add_attachment(inner)
    outer.set_boundary("outer")
    put("forwarded.eml", outer.as_bytes(), [e])
    a, b, c = canary("msgbody"), canary("msgsubject"), canary("msgattachment")
    put("message.msg", cfb({
        "__substg1.0_1000001F": a.encode("utf-16-le"), "__substg1.0_0037001F": b.encode("utf-16-le"),
        "__attach_version1.0_#00000000": {"__substg1.0_37010102": c.encode() * 200, "__substg1.0_3707001F": "list.txt".encode("utf-16-le")},
        "__properties_version1.0": bytes(32),
    }), [a, b, c, "list.txt"])


def cfb(tree):
    """A compound file ([MS-CFB], version 3) of streams and one level of storages."""
    entries, streams = [], []

    def add(name, kind, data=b""):
        entries.append([name, kind, -1, -1, -1, data])
        return len(entries) - 1

    root = add("Root Entry", 5)

    def fill(parent, tree):
        ids = []
        for name, v in tree.items():
            i = add(name, 1 if isinstance(v, dict) else 2, b"" if isinstance(v, dict) else v)
            ids.append(i)
            if isinstance(v, dict):
                fill(i, v)
        entries[parent][4] = ids[0]
        for x, y in zip(ids, ids[1:]):  # a list is a tree, too
            entries[x][3] = y

    fill(root, tree)
    sectors, chains = [], []

    def store(data):
        if not data:
            return 0xFFFFFFFE
        n = (len(data) + 511) // 512
        first = len(sectors)
        data = data.ljust(n * 512, b"\0")
        for i in range(n):
            sectors.append(data[i * 512:i * 512 + 512])
            chains.append(first + i + 1 if i < n - 1 else 0xFFFFFFFE)
        return first

    for e in entries:
        if e[1] == 2:
            e[5] = e[5].ljust(4096, b"\0")  # large enough to need no mini stream
    starts = [store(e[5]) if e[1] == 2 else 0 for e in entries]
    directory = b""
    for e, start in zip(entries, starts):
        name = e[0].encode("utf-16-le") + b"\0\0"
        link = lambda x: struct.pack("<I", x if x >= 0 else 0xFFFFFFFF)
        first = start if e[1] == 2 else (0xFFFFFFFE if e[1] == 5 else 0)
        directory += (name.ljust(64, b"\0") + struct.pack("<HBB", len(name), e[1], 1) + link(e[2]) + link(e[3]) + link(e[4]) +
                      bytes(36) + struct.pack("<IQ", first, len(e[5]) if e[1] == 2 else 0))
    while len(directory) % 512:
        directory += bytes(64) + struct.pack("<HBB", 0, 0, 0) + b"\xff" * 12 + bytes(36 + 12)
    dirstart = store(directory)
    nfat = 1
    while (len(chains) + nfat + 127) // 128 > nfat:
        nfat += 1
    fat = chains + [0xFFFFFFFD] * nfat
    fat += [0xFFFFFFFF] * (nfat * 128 - len(fat))
    fatstart = len(sectors)
    body = b"".join(sectors) + struct.pack(f"<{len(fat)}I", *fat)
    difat = [fatstart + i for i in range(nfat)]
    head = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6) +
            struct.pack("<IIIIIIIII", 0, nfat, dirstart, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) +
            struct.pack("<109I", *(difat + [0xFFFFFFFF] * (109 - len(difat)))))
    return head + body


def others(w):
    c, d = canary("cell"), canary("output")
    put("book.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": [f"x = \"{c}\"\n"], "metadata": {},
        "outputs": [{"output_type": "stream", "text": [d + " Jörg"]}]}], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}).encode(), [c, d + " Jörg"])
    c = canary("row")
    db = w / "a.db"
    con = sqlite3.connect(db)
    con.execute("create table t (a text)")
    con.executemany("insert into t values (?)", [(c,), ("ü " + c,)])
    con.commit()
    con.close()
    put("people.sqlite", db.read_bytes(), [c])
    c = canary("escaped ü")
    put("escaped.json", json.dumps({"a": "line\n" + c}).encode(), ["line\n" + c])
    for name, enc, text in [
        ("latin1.csv", "latin-1", "Name;Straße\nMüller-Späth;Überseestraße "),
        ("utf16le-bom.txt", "utf-16", "Größe und "),
        ("utf16be.txt", "utf-16-be", "Größe ohne Marke, ein längerer Satz dazu "),
        ("koi8.txt", "koi8-r", "Договор о неразглашении подписан сторонами, секретно "),
        ("cp1251.txt", "cp1251", "Договор о неразглашении подписан сторонами, секретно "),
        ("sjis.txt", "shift_jis", "これは秘密の書類です。社外には出さないでください。"),
        ("gb18030.txt", "gb18030", "本文件为机密文件，不得外传。请妥善保管。"),
        ("euckr.txt", "euc-kr", "이 문서는 기밀이므로 외부로 유출하지 마십시오. "),
    ]:
        c = canary("charset")
        put(name, (text + c + "\nplain line\n").encode(enc), [text + c])
    c, d, e = canary("text"), canary("attribute"), canary("comment")
    put("page.html", f'<!DOCTYPE html><html><head><meta charset="iso-8859-1"><style>p{{}}</style></head><body><p>Jörg {c[:4]}<b>{c[4:]}</b>'
        f'<img alt="{d}"><!-- {e} --></body></html>'.encode("latin-1"), ["Jörg " + c, d, e])
    c, d = canary("svg"), canary("entity")
    put("drawing.svg", f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x "{d}">]><svg xmlns="http://www.w3.org/2000/svg"><text>{c}</text></svg>'.encode(), [c, d])
    c, d = canary("ascii"), canary("wide")
    put("program.bin", b"\x7fELF\x02\x01\x01\0\0" + bytes([0, 1, 2, 3, 255, 254]) * 50 + c.encode() + b"\0" + bytes([1, 3, 0, 7]) * 9 + d.encode("utf-16-le") + b"\0\0\1\2",
        [c, d], "unsupported")
    c = canary("pngtext")
    chunk = lambda t, b: struct.pack(">I", len(b)) + t + b + struct.pack(">I", zlib.crc32(t + b))
    put("comment.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"tEXt", b"Comment\0" + c.encode()) +
        chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""), [c], "unsupported")
    c = canary("utf16part")
    put("utf16-part.docx", zipped({"[Content_Types].xml": "<Types/>", "word/main.xml": ('<?xml version="1.0" encoding="UTF-16"?><w:document xmlns:w="x"><w:p><w:t>' + c + "</w:t></w:p></w:document>").encode("utf-16")}), [c])
    c = canary("hyphen 078-05-1120")
    put("hyphen.docx", zipped({"[Content_Types].xml": "<Types/>", "word/document.xml":
        "<w:document><w:p><w:r><w:t>" + c.split("-")[0] + "</w:t><w:noBreakHyphen/><w:t>" + c.split("-")[1] + "</w:t></w:r><w:r><w:noBreakHyphen/><w:t>" +
        c.split("-")[2] + "</w:t></w:r></w:p></w:document>"}), [c])


def browser(w):
    """What Chromium prints: subset fonts, ligatures, a table and a second page."""
    a, b, c, d = canary("printed Jörg Späth"), canary("office first file"), canary("printed cell"), canary("second page")
    page = w / "page.html"
    page.write_text(f'<meta charset="utf-8"><body style="font:12px DejaVu Serif"><p>{a}</p><p><b>{b}</b></p><table><tr><td>{c}</td></tr></table>'
        f'<p style="page-break-before:always">{d}</p>')
    run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={w}/chromium", f"--print-to-pdf={w}/page.pdf", f"file://{page}")
    put("chromium.pdf", (w / "page.pdf").read_bytes(), [a, b, c, d])


def main():
    for tool in ("soffice", "qpdf", "7z", "xz", "zstd", "bzip2", "chromium"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing")
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as d:
        w = pathlib.Path(d)
        writer(w)
        calc(w)
        impress(w)
        pdfs(w)
        archives(w)
        mails()
        others(w)
        browser(w)
    (OUT / "index.json").write_text(json.dumps(INDEX, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    print(f"{len(INDEX)} documents, {sum(f.stat().st_size for f in OUT.iterdir()) // 1024} KiB")


main()
