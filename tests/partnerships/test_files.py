"""A file is reached through what it belongs to, and by nobody else."""

import io
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from records.files import ATTACHMENTS, store_file
from records.models import File, Look
from tests.partnerships.factories import (
    FileFactory,
    MessageFactory,
    ProxyEntryFactory,
    TouchpointFactory,
    TripFactory,
)

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF\n"


def picture(size=(2000, 1000)):
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, "JPEG")
    return SimpleUploadedFile("press.jpg", out.getvalue(), "image/jpeg")


def kept(cast, subject, upload=None):
    return store_file(upload or picture(), kinds=ATTACHMENTS, by=cast.officer, subject=subject)


def address(file, name="file"):
    return reverse(f"partnerships:{name}", args=[file.key])


def answer(client, address):
    """Ask for a file and take it, so that nothing stays open."""
    response = client.get(address)
    body = b"".join(response) if response.streaming else response.content
    return response, body


OWNERS = {
    "touchpoint": lambda cast: TouchpointFactory(enterprise=cast.a),
    "message": lambda cast: MessageFactory(enterprise=cast.a),
    "proxy": lambda cast: ProxyEntryFactory(enterprise=cast.a),
}


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize(
    ("who", "status"),
    [("officer", 200), ("other_officer", 200), ("hr", 200), ("colleague_hr", 200), ("teacher", 404),
     ("former_hr", 404), ("stranger_hr", 404)],
)  # fmt: skip
def test_a_file_is_seen_with_what_it_belongs_to(cast, signed_in, owner, who, status):
    file = kept(cast, OWNERS[owner](cast))
    client = signed_in(getattr(cast, who))
    assert answer(client, address(file))[0].status_code == status
    assert client.get(address(file, "file_picture")).status_code == status
    assert Look.objects.filter(subject_id=file.pk, what="file.read").count() == (1 if status == 200 else 0)


def test_a_trips_own_file_is_the_schools(cast, signed_in):
    file = kept(cast, TripFactory())
    assert answer(signed_in(cast.other_officer), address(file))[0].status_code == 200
    assert answer(signed_in(cast.hr), address(file))[0].status_code == 404


def test_nobody_signed_in_is_asked_to_sign_in(cast, signed_in):
    file = kept(cast, TouchpointFactory(enterprise=cast.a))
    for name in ("file", "file_picture"):
        assert signed_in().get(address(file, name)).status_code == 302


def test_missing_and_ownerless_files_answer_alike(cast, signed_in):
    client = signed_in(cast.administrator)
    orphan, foreign = FileFactory(), FileFactory(subject=cast.officer.department)
    lost = FileFactory(subject=TouchpointFactory(enterprise=cast.a))
    for key in (uuid4(), orphan.key, foreign.key, lost.key):
        for name in ("file", "file_picture"):
            assert client.get(reverse(f"partnerships:{name}", args=[key])).status_code == 404


def test_it_goes_out_as_an_attachment(cast, signed_in):
    file = kept(cast, TouchpointFactory(enterprise=cast.a), SimpleUploadedFile("协议.pdf", PDF))
    response, body = answer(signed_in(cast.hr), address(file))
    assert body == PDF
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert Look.objects.get().by == cast.hr


def test_a_picture_is_shown_small_and_a_paper_never(cast, signed_in):
    owner, client = TouchpointFactory(enterprise=cast.a), signed_in(cast.hr)
    response = client.get(address(kept(cast, owner), "file_picture"))
    shown = Image.open(io.BytesIO(response.content))
    assert (shown.format, shown.size) == ("JPEG", (640, 320))
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Content-Type"] == "image/jpeg"
    paper = kept(cast, owner, SimpleUploadedFile("a.pdf", PDF))
    assert client.get(address(paper, "file_picture")).status_code == 404


def test_writing_is_not_reading(cast, signed_in):
    file = kept(cast, TouchpointFactory(enterprise=cast.a))
    assert signed_in(cast.hr).post(address(file)).status_code == 405
    assert File.objects.count() == 1
