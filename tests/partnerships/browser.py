"""What a browser would send back: the successful controls of a form, read from the page itself."""

from html.parser import HTMLParser


class _Form(HTMLParser):
    def __init__(self, wanted):
        super().__init__()
        self.wanted, self.inside, self.found = wanted, False, {}
        self.select = self.option = self.area = None

    def add(self, name, value):
        if name and name != "csrfmiddlewaretoken":
            self.found.setdefault(name, []).append(value)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.inside = attrs.get("class", "") in self.wanted and attrs.get("method") == "post"
        if not self.inside:
            return
        if tag == "input":
            kind = attrs.get("type", "text")
            if kind in ("checkbox", "radio") and "checked" not in attrs:
                return
            if kind not in ("submit", "button", "file"):
                self.add(attrs.get("name"), attrs.get("value", "on" if kind in ("checkbox", "radio") else ""))
        elif tag == "select":
            self.select = (attrs.get("name"), "multiple" in attrs, [])
        elif tag == "option" and self.select:
            self.select[2].append((attrs.get("value", ""), "selected" in attrs))
        elif tag == "textarea":
            self.area = (attrs.get("name"), [])

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False
        elif tag == "select" and self.select:
            name, is_multiple, options = self.select
            chosen = [value for value, selected in options if selected]
            if not chosen and not is_multiple and options:
                chosen = [options[0][0]]
            for value in chosen:
                self.add(name, value)
            self.select = None
        elif tag == "textarea" and self.area:
            name, parts = self.area
            self.add(name, "".join(parts).removeprefix("\n"))
            self.area = None

    def handle_data(self, data):
        if self.area:
            self.area[1].append(data)


def form_data(response, *classes):
    """The values of the page's main form (class "form"), as a dict fit for client.post()."""
    parser = _Form(classes or ("form",))
    parser.feed(response.content.decode())
    assert parser.found, "the page holds no such form"
    return {name: values[0] if len(values) == 1 else values for name, values in parser.found.items()}
