from django.db import migrations

from policies.services import load_tables


def load(apps, schema_editor):
    load_tables(apps.get_model("policies", "Region"), apps.get_model("policies", "Industry"))


class Migration(migrations.Migration):
    dependencies = [("policies", "0001_initial")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
