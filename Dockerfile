# One container, one volume: docker build -t helpdesk-notifier .
# Another registry, or a digest: --build-arg PYTHON_IMAGE=...
ARG PYTHON_IMAGE=python:3.13.6-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY requirements.txt requirements-build.txt ./
# Wheels only: nothing here may need a compiler.
RUN python -m venv /opt/build \
 && /opt/build/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
      --only-binary :all: --require-hashes -r requirements-build.txt
RUN python -m venv /opt/notifier \
 && /opt/notifier/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
      --only-binary :all: --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE openapi.yaml .env.example ./
COPY notifier ./notifier
RUN /opt/build/bin/python -m pip wheel --no-cache-dir --disable-pip-version-check \
      --no-deps --no-build-isolation --wheel-dir /src/dist . \
 && /opt/notifier/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
      --no-deps /src/dist/*.whl \
 && /opt/notifier/bin/python -m pip uninstall --yes --disable-pip-version-check pip \
 && /opt/notifier/bin/python -m compileall -q /opt/notifier/lib

FROM ${PYTHON_IMAGE}
COPY --from=build /opt/notifier /opt/notifier
# Any user may keep its store here: the user that runs the container is the operator's choice.
RUN install -d -m 1777 /data
ENV PATH=/opt/notifier/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8080 \
    LOG_FORMAT=json \
    DATABASE_URL=sqlite:////data/notifier.db
WORKDIR /data
VOLUME /data
EXPOSE 8080
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["notifier", "health"]
ENTRYPOINT ["notifier"]
CMD ["serve"]
