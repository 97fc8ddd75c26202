"""“Write us”: a free sentence beside the answers that the page of a link asks for."""

from django.core.exceptions import ValidationError

from partnerships.forms.editing import add_errors
from partnerships.forms.links import WriteUsForm
from partnerships.services.thread import in_thread, write_message

SHOWN = 20


def unwritten(enterprise):
    return WriteUsForm(enterprise=enterprise, auto_id="write-%s")


def write_us(request, link, enterprise, about=""):
    """(form, whether it was sent): what was typed lands in the thread; it begins with `about`.

    The page's own form is sent without a `body`: then nothing is bound here. Raises Refused for a link that is over.
    """
    is_sent = request.method == "POST" and "body" in request.POST
    form = WriteUsForm(request.POST if is_sent else None, enterprise=enterprise, auto_id="write-%s")
    if not is_sent or not form.is_valid():
        return form, False
    said = {"body": about + form.cleaned_data["body"], "form_key": form.cleaned_data["form_key"]}
    try:
        write_message(enterprise, via=link, author_name=form.author_name, **said)
    except ValidationError as error:
        add_errors(form, error)
        return form, False
    return form, True


def written_through(link, enterprise):
    """What was written through `link`, for its own page and for the officer's."""
    return in_thread(enterprise).filter(via=link).order_by("written_at", "pk")[:SHOWN]
