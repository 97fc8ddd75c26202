# One image for web, worker and beat; docker-compose.yml names the command of each.
FROM python:3.11-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/runtime.txt /tmp/
RUN python -m venv /opt/ronghe && /opt/ronghe/bin/pip install --require-hashes --only-binary=:all: -r /tmp/runtime.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/ronghe/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUTF8=1 \
    VAR_DIR=/data STATIC_ROOT=/srv/static
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin ronghe \
    && install -d -o ronghe -g ronghe /data /srv/static
COPY --from=packages /opt/ronghe /opt/ronghe
WORKDIR /app
COPY . .
# The values only let the settings load; none of them stays in the image.
RUN SECRET_KEY=build ALLOWED_HOSTS=build DATABASE_URL=postgres://build/build python manage.py collectstatic --no-input
USER ronghe
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["python", "-m", "config.health", "8000"]
CMD ["gunicorn", "config.wsgi", "--bind=0.0.0.0:8000", "--workers=3", "--threads=4", "--max-requests=2000", \
     "--max-requests-jitter=200", "--worker-tmp-dir=/dev/shm", "--access-logfile=-", "--no-control-socket"]
