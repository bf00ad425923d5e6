FROM python:3.12-slim AS common

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --create-home --uid 1000 bot \
    && install --directory --owner=bot /data \
    && pip install --no-cache-dir "uv>=0.9,<1"

# The dependencies change less often than the code: a layer of their own.
WORKDIR /app
COPY pyproject.toml ./
RUN uv pip install --system --no-cache --requirements pyproject.toml --extra postgres

COPY LICENSE README.md ./
COPY models models
COPY classifier classifier
COPY bot bot

USER 1000

# `docker build --target classifier .`: the classifier alone, for many bots (docs/scale.md).
FROM common AS classifier
USER 0
RUN uv pip install --system --no-cache --requirements pyproject.toml --extra cluster
USER 1000
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/', timeout=4)"]
CMD ["python", "-m", "classifier.serving", "--host", "0.0.0.0"]

FROM common AS bot
VOLUME /data
EXPOSE 8080
ENV WEB_HOST=0.0.0.0 WEB_PORT=8080 DATA_FOLDER=/data
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
CMD ["python", "-m", "bot"]
