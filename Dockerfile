# The bridge as a container. Build: docker build -t withings-bridge .
# Run: docker run --rm --read-only --tmpfs /tmp -p 5001:5001 --env-file .env -v bridge:/data withings-bridge

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
# Not into the image: pip and what builds stay behind, and work on the environment from outside.
COPY requirements-build.lock .
RUN python -m pip --no-cache-dir --disable-pip-version-check \
    install --require-hashes -r requirements-build.lock \
    && python -m venv --without-pip /app
# With traces: docker build --build-arg LOCK=requirements-otel.lock .
ARG LOCK=requirements.lock
COPY requirements.lock requirements-otel.lock ./
RUN python -m pip --python /app/bin/python --no-cache-dir --disable-pip-version-check \
    install --require-hashes --no-compile -r "${LOCK}"
COPY pyproject.toml README.md LICENSE scripts/slim ./
COPY src src
# Of AWS' four hundred services one is used. The file system may be read-only later on, so bytecode is made here.
RUN python -m pip --no-cache-dir --disable-pip-version-check \
    wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && python -m pip --python /app/bin/python --no-cache-dir --disable-pip-version-check \
    install --no-deps --no-index --no-compile dist/*.whl \
    && ./slim /app \
    && /app/bin/python -m compileall -q -j 0 /app/lib

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin bridge \
    && install --directory --owner bridge --group bridge --mode 0700 /data
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ENVIRONMENT=production \
    HOST=0.0.0.0 \
    SQLITE_PATH=/data/withings-bridge.db
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 5001
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\", 5001)}/health', timeout=4)"]
# It is process 1 and hears SIGTERM itself, on which it finishes what is under way.
ENTRYPOINT ["withings-bridge"]
CMD ["serve"]
