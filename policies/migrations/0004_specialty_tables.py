from django.db import migrations

from policies.services import load_specialties


def load(apps, schema_editor):
    load_specialties(*(apps.get_model("policies", name) for name in ("SpecialtyCategory", "Specialty", "Affinity")))


class Migration(migrations.Migration):
    dependencies = [("policies", "0003_specialties")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
