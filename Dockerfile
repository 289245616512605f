# The API and the worker; docker-compose.yml brings the servers they need.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/headwater
RUN useradd --system --uid 10001 --home-dir /srv/headwater --shell /usr/sbin/nologin headwater

COPY requirements/server.lock requirements/server.lock
RUN pip install --require-hashes --requirement requirements/server.lock
COPY . .
RUN pip install --no-deps --no-build-isolation --editable . && python -m compileall -q .

# A named volume takes over the owner of the folder it is mounted on.
RUN install --directory --owner headwater --mode 700 /data
USER headwater
ENV HEADWATER_HOST=0.0.0.0 HEADWATER_DATA_DIR=/data
EXPOSE 8000
ENTRYPOINT ["headwater"]
CMD ["api"]
