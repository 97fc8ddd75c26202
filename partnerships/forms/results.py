"""The figures of one year, of one enterprise or of a row among many."""

from django import forms

from partnerships.forms.editing import EditForm
from partnerships.models import YearResult
from partnerships.models.result import AMOUNTS, FIGURES, NUMBERS


class ResultForm(EditForm):
    """The figures of one enterprise; what nobody knows stays empty."""

    class Meta:
        model = YearResult
        fields = [*FIGURES, "note"]
        widgets = {
            **{name: forms.NumberInput(attrs={"min": 0, "inputmode": "numeric"}) for name in NUMBERS},
            **{name: forms.NumberInput(attrs={"min": 0, "step": "0.01", "inputmode": "decimal"}) for name in AMOUNTS},
        }

    def _post_clean(self):
        """The row is checked and written by the service, never by the form."""

    @property
    def written(self):
        """Field → value, of a new row only what was typed."""
        values = self.changes if self.instance.pk else self.values
        return values if self.instance.pk else {name: v for name, v in values.items() if v not in (None, "")}


class RowForm(ResultForm):
    """The same as a row of the page on which many are entered; the note has its own page."""

    class Meta(ResultForm.Meta):
        fields = FIGURES
