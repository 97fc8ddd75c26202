from django.db import migrations, models
import django.db.models.deletion


class Migration(migrations.Migration):

    dependencies = [
        ('partnerships', '0011_presets'),
    ]

    operations = [
        migrations.CreateModel(
            name='Health',
            fields=[
                ('enterprise', models.OneToOneField(editable=False, on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='health', serialize=False, to='partnerships.enterprise', verbose_name='enterprise')),
                ('score', models.SmallIntegerField(default=-1, editable=False, verbose_name='health')),
                ('parts', models.JSONField(default=dict, editable=False, verbose_name='parts')),
                ('refreshed_at', models.DateTimeField(editable=False, verbose_name='as of')),
            ],
            options={
                'verbose_name': 'health of a partnership',
                'verbose_name_plural': 'health of partnerships',
                'ordering': ['score', 'enterprise'],
                'indexes': [models.Index(models.F('score'), models.F('enterprise'), name='health_by_score')],
                'constraints': [models.CheckConstraint(condition=models.Q(('score__range', (-1, 100))), name='health_score_in_range', violation_error_message='A figure lies between 0 and 100.')],
            },
        ),
        migrations.CreateModel(
            name='HealthMonth',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(editable=False, verbose_name='month')),
                ('score', models.SmallIntegerField(default=-1, editable=False, verbose_name='health')),
                ('parts', models.JSONField(default=dict, editable=False, verbose_name='parts')),
                ('enterprise', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='health_months', to='partnerships.enterprise', verbose_name='enterprise')),
            ],
            options={
                'verbose_name': 'health when a month began',
                'verbose_name_plural': 'health when months began',
                'ordering': ['month', 'enterprise'],
                'constraints': [models.UniqueConstraint(fields=('enterprise', 'month'), name='health_once_a_month', violation_error_message='This month is written down already.'), models.CheckConstraint(condition=models.Q(('month__day', 1)), name='health_month_by_its_first_day', violation_error_message='A month is named by its first day.'), models.CheckConstraint(condition=models.Q(('score__range', (-1, 100))), name='health_month_score_in_range', violation_error_message='A figure lies between 0 and 100.')],
            },
        ),
    ]
