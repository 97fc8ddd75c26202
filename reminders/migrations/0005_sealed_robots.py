from django.db import migrations

import records.sealed
from records.sealed import seal, unseal


def seal_robots(apps, schema_editor):
    """What was kept in plain text. Read as plain columns: the model of this moment would try to open them."""
    _write(schema_editor, seal)


def unseal_robots(apps, schema_editor):
    _write(schema_editor, unseal)


def _write(schema_editor, change):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id, token, secret FROM reminders_robot")
        for pk, token, secret in cursor.fetchall():
            cursor.execute(
                "UPDATE reminders_robot SET token = %s, secret = %s WHERE id = %s", [change(token), change(secret), pk]
            )


class Migration(migrations.Migration):

    dependencies = [
        ('reminders', '0004_robots'),
    ]

    operations = [
        migrations.AlterField(
            model_name='robot',
            name='token',
            field=records.sealed.SealedField(verbose_name='key'),
        ),
        migrations.AlterField(
            model_name='robot',
            name='secret',
            field=records.sealed.SealedField(blank=True, verbose_name='secret of the signature'),
        ),
        migrations.RunPython(seal_robots, unseal_robots),
    ]
